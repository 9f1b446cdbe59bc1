/** What happens in each case of TCP. The states are reached by what the cable loses; then time passes. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { TcpSocket } from '../../src/lab/sockets.ts'
import type { TcpConduct } from '../../src/programs/socket-requests.ts'
import type { FrameKind } from '../../src/wire/cable.ts'
import type { TimeoutsSettings } from './conditions.ts'
import { silence } from './silence.ts'

/** More than the window that a receiver offers at first, and less than a send queue takes. */
const MORE_THAN_A_WINDOW = 300_000
/** Reached within a round trip, or not at all. */
const SOON = { withinMs: 5000 }
/** How often a program writes that does not wait for answers; sooner than its setTimeout() runs out. */
const WRITE_EVERY_MS = 400
/** Beyond the end of a timer: for what it does to be seen. */
const AFTERWARDS_MS = 500
/** The first probe goes out after a fifth of a second, the one after the third after three seconds. */
const PROBED_LOOKS_MAX = 250
const PROBED_LOOK_MS = 20
const MANY = 1_000_000

/**
 * Waits for what should happen. That it does not is a result too: the judgement sees that nothing came.
 * @throws AbortError when the run is to end
 */
export async function mayHappen(awaited: Promise<unknown>): Promise<void> {
  await awaited.catch((error: Error) => {
    if (error.name === 'AbortError') throw error
  })
}

/** A connection of one row, open at both ends. */
async function open(
  rig: Rig,
  { a, b }: Pair,
  mechanism: string,
  ofClient: Partial<TcpConduct> = {},
  ofServer: Partial<TcpConduct> = {},
): Promise<{ client: TcpSocket; server: TcpSocket }> {
  const listener = await rig.sockets(b).tcp.listen(mechanism, ofServer)
  const client = await rig.sockets(a).tcp.connect(mechanism, listener.at, ofClient)
  await client.connected()
  const server = listener.accepted(client)
  await server.accepted()
  await client.observe()
  return { client, server }
}

/** Frames that the cable loses from now on, one way. */
async function lose(rig: Rig, pair: Pair, direction: 'aToB' | 'bToA', kinds: FrameKind[]): Promise<void> {
  await rig.cable(pair).drop(direction, kinds, MANY)
}

export async function synSent(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  const at = async (mechanism: string) => (await rig.sockets(b).tcp.listen(mechanism)).at
  const plainAt = await at('plain')
  const userTimeoutAt = await at('user-timeout')
  const setTimeoutAt = await at('set-timeout')
  await rig.strike(silence, pair)
  const { tcp } = rig.sockets(a)
  const plain = await tcp.connect('plain', plainAt)
  const userTimeout = await tcp.connect('user-timeout', userTimeoutAt, {
    userTimeoutMs: settings.userTimeoutMs.synSent,
  })
  const withTimeout = await tcp.connect('set-timeout', setTimeoutAt)
  await withTimeout.setTimeout(settings.setTimeoutMs)
  const all = [plain, userTimeout, withTimeout]
  for (const each of all) await each.observe()
  await Promise.all(all.map((each) => each.connected(settings.withinMs)))
}

export async function synReceived(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  await lose(rig, pair, 'bToA', ['syn-ack'])
  const attempt = async (mechanism: string, conduct: Partial<TcpConduct>) => {
    const listener = await rig.sockets(b).tcp.listen(mechanism, conduct)
    const client = await rig.sockets(a).tcp.connect(mechanism, listener.at)
    await rig.untilKernel(b, client.groupId, 'SYN-RECEIVED', SOON)
    // A SYN sent again would have the server begin anew: so the client goes, and nobody is told.
    await client.destroy()
    await mayHappen(rig.untilKernel(b, client.groupId, 'CLOSED', settings))
  }
  await Promise.all([
    attempt('plain', {}),
    attempt('keepalive-ut', { keepalive: settings.eager, userTimeoutMs: settings.userTimeoutMs.listener }),
  ])
}

export async function lastAckLost(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  await lose(rig, pair, 'aToB', ['ack'])
  const listener = await rig.sockets(b).tcp.listen('plain')
  const client = await rig.sockets(a).tcp.connect('plain', listener.at)
  await client.connected()
  await rig.untilKernel(b, client.groupId, 'SYN-RECEIVED', SOON)
  await mayHappen(rig.untilKernel(b, client.groupId, 'CLOSED', settings))
  // The client has heard nothing of it. It speaks for the first time.
  await client.write('hello')
  await mayHappen(rig.untilEvent(a, 'tcp:error_received', { groupId: client.groupId, ...SOON }))
}

export async function idle(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  const { keepalive, outlasted, setKeepAliveMs, withinMs } = settings
  const plain = await open(rig, pair, 'plain')
  await open(rig, pair, 'keepalive', { keepalive })
  const userTimeout = await open(rig, pair, 'user-timeout', { userTimeoutMs: settings.userTimeoutMs.idle })
  await open(rig, pair, 'keepalive-ut', outlasted)
  const set = await open(rig, pair, 'set-keepalive')
  await set.client.setKeepAlive(true, setKeepAliveMs.whole)
  const tooShort = await open(rig, pair, 'set-keepalive-0')
  await tooShort.client.setKeepAlive(true, setKeepAliveMs.tooShort)
  const timed = await open(rig, pair, 'set-timeout', {}, { does: 'echo' })
  await timed.client.setTimeout(settings.setTimeoutMs)
  for (const { client } of [set, tooShort]) await client.observe()

  // All is well, and nobody speaks.
  await mayHappen(rig.untilEvent(a, 'tcp:idle_timeout', { groupId: timed.client.groupId, withinMs }))
  await timed.client.write('are you there?')
  await mayHappen(rig.untilEvent(a, 'tcp:received', { groupId: timed.client.groupId, ...SOON }))
  // And once more: what is to come finds it run out, and every keepalive answered.
  await rig.sleep(settings.setTimeoutMs + AFTERWARDS_MS)

  const { undo } = await rig.strike(silence, pair)
  await rig.sleep(settings.idleMs)
  const gaveUp = (mechanism: string) => rig.untilEvent(a, 'tcp:error_received', { mechanism, withinMs: 2000 })
  await Promise.all(['keepalive', 'keepalive-ut', 'set-keepalive'].map((each) => mayHappen(gaveUp(each))))
  await undo()
  for (const { client } of [plain, userTimeout]) {
    await client.write('still here')
    await mayHappen(rig.untilEvent(b, 'tcp:received', { groupId: client.groupId, ...SOON }))
  }
}

export async function busy(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a } = pair
  const { withinMs, eager, userTimeoutMs } = settings
  const rows = [
    await open(rig, pair, 'plain'),
    await open(rig, pair, 'keepalive', { keepalive: eager }),
    await open(rig, pair, 'user-timeout', { userTimeoutMs: userTimeoutMs.busy }),
    await open(rig, pair, 'set-timeout'),
  ]
  const clients = rows.map(({ client }) => client)
  const writer = clients.at(-1) as TcpSocket
  await writer.setTimeout(settings.setTimeoutMs)
  await rig.strike(silence, pair)
  for (const client of clients) await client.write('lost')
  const over = (client: TcpSocket) =>
    mayHappen(rig.untilEvent(a, 'tcp:error_received', { groupId: client.groupId, withinMs }))
  let isOver = false
  const writing = async () => {
    while (!isOver) {
      await rig.sleep(WRITE_EVERY_MS)
      await writer.write('and more')
    }
  }
  const all = Promise.all(clients.map(over)).finally(() => {
    isOver = true
  })
  await Promise.all([all, writing()])
}

/** Writes more than the other end, which does not read, has room for. */
async function closeWindow(rig: Rig, { a }: Pair, client: TcpSocket, server: TcpSocket): Promise<void> {
  await server.stopReading()
  await client.writeBytes(MORE_THAN_A_WINDOW)
  await rig.untilKernel(a, client.groupId, { timer: 'zero-window-probe' }, SOON)
  await client.observe()
}

export async function zeroWindowAlive(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a } = pair
  const plain = await open(rig, pair, 'plain')
  const limited = await open(rig, pair, 'user-timeout', { userTimeoutMs: settings.userTimeoutMs.zeroWindow })
  for (const { client, server } of [plain, limited]) await closeWindow(rig, pair, client, server)
  const { withinMs } = settings
  await Promise.all([
    rig.sleep(settings.neverMs),
    mayHappen(rig.untilEvent(a, 'tcp:error_received', { groupId: limited.client.groupId, withinMs })),
  ])
  await plain.server.resumeReading()
  await mayHappen(rig.untilKernel(a, plain.client.groupId, { sendQueueBytes: 0 }, SOON))
}

/**
 * Until a probe was answered, the window may be merely small; and an unanswered one counts already. Each further
 * one doubles the wait for the next, and with it all that is to come.
 */
async function untilProbed(rig: Rig, client: TcpSocket): Promise<void> {
  for (let looks = 0; looks < PROBED_LOOKS_MAX; looks++) {
    const info = await client.observe()
    if (info === null || (info.backoff >= 1 && info.unansweredProbes === 0)) return
    await rig.sleep(PROBED_LOOK_MS)
  }
}

export async function zeroWindowDead(rig: Rig, pair: Pair, { withinMs }: TimeoutsSettings): Promise<void> {
  const { a } = pair
  const { client, server } = await open(rig, pair, 'plain')
  await closeWindow(rig, pair, client, server)
  await untilProbed(rig, client)
  await rig.strike(silence, pair)
  await mayHappen(rig.untilEvent(a, 'tcp:error_received', { groupId: client.groupId, withinMs }))
}

export async function finWait1(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const plain = await open(rig, pair, 'plain')
  const limited = await open(rig, pair, 'user-timeout', { userTimeoutMs: settings.userTimeoutMs.orphan })
  await rig.strike(silence, pair)
  const gone = [plain, limited].map(async ({ client }) => {
    await client.write('the last words')
    await client.destroy()
    await rig.untilKernel(pair.a, client.groupId, 'FIN-WAIT-1', SOON)
    await mayHappen(rig.untilKernel(pair.a, client.groupId, 'CLOSED', settings))
  })
  await Promise.all(gone)
}

export async function finWait2(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a } = pair
  const keepsOpen = { allowHalfOpen: true }
  const closed = await open(rig, pair, 'plain', {}, keepsOpen)
  const half = await open(rig, pair, 'half-closed', keepsOpen, keepsOpen)
  await closed.client.destroy()
  await half.client.end()
  for (const { client } of [closed, half]) await rig.untilKernel(a, client.groupId, 'FIN-WAIT-2', SOON)
  await Promise.all([
    rig.sleep(settings.neverMs),
    mayHappen(rig.untilKernel(a, closed.client.groupId, 'CLOSED', settings)),
  ])
  await half.server.write('still here')
  await mayHappen(rig.untilEvent(a, 'tcp:received', { groupId: half.client.groupId, ...SOON }))
}

export async function timeWait(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { client } = await open(rig, pair, 'plain')
  await client.end()
  await rig.untilKernel(pair.a, client.groupId, 'TIME-WAIT', SOON)
  await mayHappen(rig.untilKernel(pair.a, client.groupId, 'CLOSED', settings))
}
