/**
 * Is the wire occupied, and who agreed to what?
 *
 * Connections opened, left idle and closed in every way, packet by packet beside the socket states of both
 * kernels. Each case has a pair of hosts of its own; where a state is too short to see, a cable that is a
 * program keeps packets back until it has been seen:
 *
 *      a: the clients                                        b: the servers
 *   connect() end() ...   ==== switch, or cable that holds ====   listen() accept() ...
 *
 * Predict before you run: the server's program is frozen. A client calls it. What does connect() say?
 */
import type { Cable, Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Case, Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { TcpSocket } from '../../src/lab/sockets.ts'
import { conditionsOf, type TcpSettings } from './conditions.ts'
import { judgeRun } from './judge.ts'
import { questionsOf } from './questions.ts'
import { LESSONS, matrix } from './story.ts'

/** What is waited for is the answer of a kernel, mostly within a millisecond. */
const WITHIN = { withinMs: 5000 }
/** A client whose call is not answered by then is taken to wait. */
const STILL_WAITING_MS = 500
/** Frames let go at both ends must all be under way before the first has an effect: a busy machine takes a while. */
const CROSSING_MS = 300
/** Nobody listens there: the discard service of RFC 863. */
const NOBODYS_PORT = 9

const cases = [
  {
    id: 'handshake',
    promise: 'one connection is opened, and each packet is kept back until both kernels were asked',
    needs: ['cable'],
  },
  {
    id: 'frozen',
    promise: 'the server program is frozen (SIGSTOP), then clients call; later it goes on',
    needs: ['signals'],
  },
  { id: 'idle', promise: 'one connection says nothing, three others use the same wire meanwhile' },
  {
    id: 'orderly',
    promise: 'one end closes, then the other: the client first, the server first, and with data between',
  },
  {
    id: 'close',
    promise: 'one connection is closed, and each packet is kept back until both kernels were asked',
    needs: ['cable'],
  },
  {
    id: 'both-close',
    promise: 'both ends close before either knows of the other: their FINs cross',
    needs: ['cable'],
  },
  { id: 'reset', promise: 'one end does not say goodbye: four ends with RST' },
  {
    id: 'port',
    promise: 'a client that has closed calls again at once from the same port',
    needs: ['network'],
  },
  { id: 'time-wait', promise: 'the same, but it waits until TIME-WAIT is over', needs: ['network'] },
] as const satisfies Case[]
type CaseId = (typeof cases)[number]['id']

/** Rows are connections: who does what on them. Not every case has every one. */
const ROWS: Record<CaseId, readonly string[]> = {
  handshake: ['open'],
  frozen: ['unasked', 'full-queue'],
  idle: ['silent', 'loud'],
  orderly: ['client-first', 'server-first', 'half-close'],
  close: ['client-first'],
  'both-close': ['both-first'],
  reset: ['abort', 'unread', 'late-data', 'nobody'],
  port: ['client-first', 'server-first'],
  'time-wait': ['client-first'],
}
const ON_A_CABLE: readonly string[] = ['handshake', 'close', 'both-close'] satisfies CaseId[]

export const tcp: Lab<TcpSettings> = {
  id: 'tcp',
  question: 'Is the wire occupied, and who agreed to what?',
  cases,
  mechanisms: [...new Set(Object.values(ROWS).flat())],
  hasCell: (caseId, mechanism) => ROWS[caseId as CaseId].includes(mechanism),
  showFirst: ['close/client-first', 'handshake/open', 'frozen/unasked', 'idle/silent'],
  lessons: LESSONS,
  prepare: conditionsOf,
  experiment,
  questions: questionsOf,
  judge: judgeRun,
  matrix,
}

const acts: Record<CaseId, (rig: Rig, pair: Pair, plan: Plan<TcpSettings>) => Promise<void>> = {
  handshake,
  frozen,
  idle,
  orderly,
  close,
  'both-close': bothClose,
  reset,
  port,
  'time-wait': timeWait,
}

async function experiment(rig: Rig, plan: Plan<TcpSettings>): Promise<void> {
  const possible = rig.possible(cases).filter((id) => {
    const reason = whyNot(rig, id as CaseId)
    if (reason !== null) rig.skip(id, reason)
    return reason === null
  })
  rig.say(`starting ${2 * possible.length} hosts, a pair for each of ${possible.length} cases`)
  const pairs = await rig.boot(
    possible.map((name) => ({ name, middle: ON_A_CABLE.includes(name) ? 'cable' : 'switch' })),
  )
  const silence = possible.includes('idle')
    ? `; one of them is ${plan.settings.idleMs / 1000} s of silence`
    : ''
  rig.say(`all cases begin${silence}`)
  await Promise.all(pairs.map((pair) => rig.runCase(pair, () => acts[pair.name as CaseId](rig, pair, plan))))
}

function whyNot(rig: Rig, id: CaseId): string | null {
  if (process.platform !== 'linux')
    return 'no other system than Linux shows the states of its sockets in /proc'
  return id === 'time-wait' && rig.plan.pace === 'quick'
    ? 'TIME-WAIT takes a minute, which no setting shortens: --pace real waits for it'
    : null
}

/** A listener on b and a client on a, connected and accepted. */
async function connect(
  rig: Rig,
  { a, b }: Pair,
  mechanism: string,
  server: Parameters<ReturnType<Rig['sockets']>['tcp']['listen']>[1] = {},
): Promise<{ client: TcpSocket; server: TcpSocket; at: { address: string; port: number } }> {
  const listener = await rig.sockets(b).tcp.listen(mechanism, server)
  const client = await rig.sockets(a).tcp.connect(mechanism, listener.at)
  await client.connected()
  await listener.accepted(client).accepted()
  await rig.untilKernel(b, mechanism, 'ESTABLISHED', WITHIN)
  return { client, server: listener.accepted(client), at: listener.at }
}

/** Three packets, and after each a look at both ends. */
async function handshake(rig: Rig, pair: Pair): Promise<void> {
  const { a, b } = pair
  const cable = rig.cable(pair)
  const listener = await rig.sockets(b).tcp.listen('open')
  // The first SYN to an unknown neighbour waits for ARP, and its sender is in SYN-SENT before it leaves.
  await rig.measure(a, b, { count: 1, everyMs: 0, bytes: 20, withinMs: 1000 })

  await cable.hold('aToB', ['syn'])
  const client = await rig.sockets(a).tcp.connect('open', listener.at)
  await rig.untilKernel(a, 'open', 'SYN-SENT', WITHIN)

  await cable.hold('bToA', ['syn-ack'])
  await cable.release('aToB', ['ack'])
  await rig.untilKernel(b, 'open', 'SYN-RECEIVED', WITHIN)

  await cable.release('bToA')
  await rig.untilKernel(a, 'open', 'ESTABLISHED', WITHIN)
  await client.connected()

  await cable.release('aToB')
  await rig.untilKernel(b, 'open', 'ESTABLISHED', WITHIN)
  await listener.accepted(client).accepted()
}

/** The program is not there; its kernel is. One client more than the queue holds has to wait. */
async function frozen(rig: Rig, pair: Pair, { settings }: Plan<TcpSettings>): Promise<void> {
  const [atA, atB] = [rig.sockets(pair.a), rig.sockets(pair.b)]
  const unasked = await atB.tcp.listen('unasked')
  const queue = await atB.tcp.listen('full-queue', { backlog: settings.backlog })
  const { undo } = await rig.strike('freeze', pair)

  const first = await atA.tcp.connect('unasked', unasked.at)
  await first.connected()
  await first.write(settings.text)
  await rig.untilKernel(pair.b, 'unasked', { receiveQueueBytes: settings.text.length }, WITHIN)

  const clients: TcpSocket[] = []
  for (let call = 0; call < settings.calls; call++) {
    const client = await atA.tcp.connect('full-queue', queue.at)
    await client.connected(STILL_WAITING_MS)
    clients.push(client)
  }
  await undo()
  await unasked.accepted(first).accepted()
  for (const client of clients) await client.connected(WITHIN.withinMs)
  for (const client of clients) await queue.accepted(client).accepted(WITHIN.withinMs)
  rig.endWatch('freeze', pair)
}

/** Nobody says a word on one connection, and three others take the wire in turns. */
async function idle(rig: Rig, pair: Pair, { settings }: Plan<TcpSettings>): Promise<void> {
  const listener = await rig.sockets(pair.b).tcp.listen('loud')
  const talkers: TcpSocket[] = []
  for (let call = 0; call < settings.talkers; call++) {
    const talker = await rig.sockets(pair.a).tcp.connect('loud', listener.at)
    await talker.connected()
    talkers.push(talker)
  }
  const silent = await connect(rig, pair, 'silent')

  for (let burst = 0; burst < settings.bursts; burst++) {
    await talkers[burst % settings.talkers]?.writeBytes(settings.burstBytes)
    await rig.sleep(settings.idleMs / settings.bursts)
  }
  await silent.client.write(settings.text)
  await rig.untilEvent(pair.b, 'tcp:received', { groupId: silent.client.groupId, ...WITHIN })
}

/** Three connections, closed by their programs, with nothing in the way. */
async function orderly(rig: Rig, pair: Pair, { settings }: Plan<TcpSettings>): Promise<void> {
  const { a, b } = pair
  const one = await connect(rig, pair, 'client-first')
  await one.client.end()
  await rig.untilKernel(a, 'client-first', 'TIME-WAIT', WITHIN)
  await rig.untilKernel(b, 'client-first', 'CLOSED', WITHIN)

  const other = await connect(rig, pair, 'server-first')
  await other.server.end()
  await rig.untilKernel(b, 'server-first', 'TIME-WAIT', WITHIN)
  await rig.untilKernel(a, 'server-first', 'CLOSED', WITHIN)

  // The client has said all it wants to say, and listens on.
  const half = await connect(rig, pair, 'half-close', { allowHalfOpen: true })
  await half.client.end()
  await rig.untilKernel(a, 'half-close', 'FIN-WAIT-2', WITHIN)
  await rig.untilKernel(b, 'half-close', 'CLOSE-WAIT', WITHIN)
  await half.server.write(settings.text)
  await rig.untilEvent(a, 'tcp:received', { groupId: half.client.groupId, ...WITHIN })
  await half.server.end()
  await rig.untilKernel(a, 'half-close', 'TIME-WAIT', WITHIN)
  await rig.untilKernel(b, 'half-close', 'CLOSED', WITHIN)
}

/** Four packets, and after each a look at both ends. */
async function close(rig: Rig, pair: Pair): Promise<void> {
  const { a, b } = pair
  const cable = rig.cable(pair)
  const { client, server } = await connect(rig, pair, 'client-first', { allowHalfOpen: true })

  await cable.hold('aToB', ['fin'])
  await client.end()
  await rig.untilKernel(a, 'client-first', 'FIN-WAIT-1', WITHIN)

  await cable.hold('bToA', ['ack'])
  await cable.release('aToB')
  await rig.untilKernel(b, 'client-first', 'CLOSE-WAIT', WITHIN)

  await cable.release('bToA', ['fin'])
  await rig.untilKernel(a, 'client-first', 'FIN-WAIT-2', WITHIN)

  await server.end()
  await rig.untilKernel(b, 'client-first', 'LAST-ACK', WITHIN)

  await cable.hold('aToB', ['ack'])
  await cable.release('bToA')
  await rig.untilKernel(a, 'client-first', 'TIME-WAIT', WITHIN)

  await cable.release('aToB')
  await rig.untilKernel(b, 'client-first', 'CLOSED', WITHIN)
}

/** Each end closes first, as it sees it. */
async function bothClose(rig: Rig, pair: Pair): Promise<void> {
  const { a, b } = pair
  const cable = rig.cable(pair)
  const { client, server } = await connect(rig, pair, 'both-first')
  const both = async (state: 'FIN-WAIT-1' | 'CLOSING' | 'TIME-WAIT') => {
    await rig.untilKernel(a, 'both-first', state, WITHIN)
    await rig.untilKernel(b, 'both-first', state, WITHIN)
  }
  await atBothEnds((direction) => cable.hold(direction, ['fin']))
  await client.end()
  await server.end()
  await both('FIN-WAIT-1')

  await atBothEnds((direction) => cable.set(direction, { delayMs: CROSSING_MS }))
  await atBothEnds((direction) => cable.release(direction, ['ack', 'fin']))
  await both('CLOSING')

  await atBothEnds((direction) => cable.release(direction))
  await both('TIME-WAIT')
}

async function atBothEnds(
  tell: (direction: Parameters<Cable['hold']>[0]) => Promise<unknown>,
): Promise<void> {
  await tell('aToB')
  await tell('bToA')
}

/** Ends that are no goodbye. */
async function reset(rig: Rig, pair: Pair, { settings }: Plan<TcpSettings>): Promise<void> {
  const { a, b } = pair
  const toldOf = ({ groupId }: TcpSocket) => ({ groupId, ...WITHIN })

  const abort = await connect(rig, pair, 'abort')
  await abort.client.resetAndDestroy()
  await rig.untilEvent(b, 'tcp:error_received', toldOf(abort.client))

  // The server closes in all order, but there is something that it has not read.
  const unread = await connect(rig, pair, 'unread', { does: 'nothing' })
  await unread.client.write(settings.text)
  await rig.untilKernel(b, 'unread', { receiveQueueBytes: settings.text.length }, WITHIN)
  await unread.server.destroy()
  await rig.untilEvent(a, 'tcp:error_received', toldOf(unread.client))

  // The server has closed both ways. Its FIN does not say so; the next write is taken, and the one after it fails.
  const listener = await rig.sockets(b).tcp.listen('late-data')
  const late = await rig.sockets(a).tcp.connect('late-data', listener.at, { allowHalfOpen: true })
  await late.connected()
  await listener.accepted(late).accepted()
  await listener.accepted(late).destroy()
  await rig.untilKernel(a, 'late-data', 'CLOSE-WAIT', WITHIN)
  await late.write(settings.text)
  await rig.untilKernel(a, 'late-data', 'CLOSED', WITHIN)
  await late.write(settings.text)
  await rig.untilEvent(a, 'tcp:error_received', toldOf(late))

  const nobody = await rig.sockets(a).tcp.connect('nobody', { address: b.address, port: NOBODYS_PORT })
  await nobody.connected()
}

/** Who closes first keeps the port, and cannot use it. */
async function port(rig: Rig, pair: Pair): Promise<void> {
  const { a, b } = pair
  const clients = rig.sockets(a).tcp

  const { client, at } = await connect(rig, pair, 'client-first')
  await client.end()
  await rig.untilKernel(a, 'client-first', 'TIME-WAIT', WITHIN)
  await (await clients.connect('client-first', at, { localPort: client.port })).connected()
  await (await clients.connect('client-first', at)).connected()

  const other = await connect(rig, pair, 'server-first')
  await other.server.end()
  await rig.untilKernel(b, 'server-first', 'TIME-WAIT', WITHIN)
  await rig.untilKernel(a, 'server-first', 'CLOSED', WITHIN)
  const again = await clients.connect('server-first', other.at, { localPort: other.client.port })
  await again.connected()
  // Opened with a fixed port, and closed by the client now.
  await again.end()
  await rig.untilKernel(a, 'server-first', 'TIME-WAIT', WITHIN)
  await (await clients.connect('server-first', other.at, { localPort: other.client.port })).connected()
}

async function timeWait(rig: Rig, pair: Pair, { settings }: Plan<TcpSettings>): Promise<void> {
  const { client, at } = await connect(rig, pair, 'client-first')
  await client.end()
  await rig.untilKernel(pair.a, 'client-first', 'TIME-WAIT', WITHIN)
  await rig.untilKernel(pair.a, 'client-first', 'CLOSED', { withinMs: settings.timeWaitMs })
  const again = await rig.sockets(pair.a).tcp.connect('client-first', at, { localPort: client.port })
  await again.connected()
}
