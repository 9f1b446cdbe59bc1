/**
 * Is anybody there?
 *
 * UDP does not ask. A datagram is sent without any arrangement, to whoever has the address, or to nobody. Ten
 * situations, each on a pair of hosts of its own; in each, host a sends and host b should receive:
 *
 *      a: 10.0.n.1                                              b: 10.0.n.2
 *   udp, udp-connected, tcp ...  ==== switch, or a cable ====   the same, receiving, or nobody
 *                                     that does as it is told
 *
 * TCP does the same beside it, wherever the difference is the point.
 *
 * Predict before you run: you send a datagram to an address that no computer has. What does send() say?
 */
import type { Host, Pair } from '../../src/hosts/host.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Case, Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import { type CableSettings, REORDER_WAIT_MS } from '../../src/wire/cable.ts'
import {
  conditionsOf,
  IP_HEADER_BYTES,
  LARGEST_BYTES,
  LINES,
  UDP_HEADER_BYTES,
  type UdpSettings,
} from './conditions.ts'
import { judgeRun } from './judge.ts'
import { questionsOf } from './questions.ts'

const CASES: readonly (Case & { middle: 'switch' | 'cable'; rows: readonly string[] })[] = [
  {
    id: 'nobody',
    promise: 'one message to a port of host b where nobody listens',
    middle: 'switch',
    rows: ['udp', 'udp-connected', 'tcp'],
  },
  {
    id: 'no-host',
    promise: 'one message to an address that no host has',
    needs: ['network'],
    middle: 'switch',
    rows: ['udp', 'udp-connected', 'tcp'],
  },
  {
    id: 'first-byte',
    promise: 'one message over a cable that takes 200 ms each way, and what passes before it',
    needs: ['cable'],
    middle: 'cable',
    rows: ['udp', 'udp-connected', 'tcp'],
  },
  {
    id: 'messages',
    promise: 'three lines are written while the receiving program is frozen; then it reads them',
    needs: ['signals'],
    middle: 'switch',
    rows: ['udp', 'tcp'],
  },
  {
    id: 'goodbye',
    promise: 'the client closes its socket and is gone; later the server writes to it once more',
    middle: 'switch',
    rows: ['udp', 'tcp'],
  },
  {
    id: 'loss',
    promise: 'the cable loses 10 % of the frames, each way',
    needs: ['cable'],
    middle: 'cable',
    rows: ['udp', 'fragmented', 'stop-and-wait', 'tcp'],
  },
  {
    id: 'duplicate',
    promise: 'the cable delivers 10 % of the frames twice, each way',
    needs: ['cable'],
    middle: 'cable',
    rows: ['udp', 'stop-and-wait', 'tcp'],
  },
  {
    id: 'reorder',
    promise: 'the cable lets 10 % of the frames be overtaken by the next one, each way',
    needs: ['cable'],
    middle: 'cable',
    rows: ['udp', 'stop-and-wait', 'tcp'],
  },
  {
    id: 'sizes',
    promise: 'what fits in a packet, one byte more, the largest datagram there is, one byte more',
    needs: ['network'],
    middle: 'switch',
    rows: ['udp', 'udp-df', 'tcp'],
  },
  {
    id: 'black-hole',
    promise: 'somewhere on the way packets of more than 1000 bytes vanish, and nobody says so',
    needs: ['cable'],
    middle: 'cable',
    rows: ['udp', 'udp-df', 'tcp'],
  },
]

export const udp: Lab<UdpSettings> = {
  id: 'udp',
  question: 'Is anybody there? UDP does not ask',
  cases: CASES,
  mechanisms: ['udp', 'udp-connected', 'udp-df', 'fragmented', 'stop-and-wait', 'tcp'],
  hasCell: (caseId, mechanism) => CASES.find(({ id }) => id === caseId)?.rows.includes(mechanism) ?? false,
  showFirst: ['nobody/udp-connected', 'nobody/udp', 'first-byte/tcp', 'loss/stop-and-wait', 'sizes/udp'],
  lessons: {
    udp: 'send() says ok, be anybody there or not; each datagram for itself.',
    'udp-connected': 'connect() sends nothing; it only lets errors be heard.',
    'udp-df': 'who forbids fragments is told, but only of the own MTU.',
    fragmented: 'one lost piece loses the whole datagram.',
    'stop-and-wait': 'numbers, acknowledgements, a timer: the price of order.',
    tcp: 'asks first, numbers bytes and not messages, notices a FIN.',
  },
  prepare: conditionsOf,
  experiment,
  questions: questionsOf,
  judge: judgeRun,
}

type Act = (rig: Rig, pair: Pair, settings: UdpSettings) => Promise<void>

async function experiment(rig: Rig, plan: Plan<UdpSettings>): Promise<void> {
  const possible = rig.possible(CASES)
  rig.say(`starting ${2 * possible.length} hosts, a pair for each case`)
  const wishes = CASES.filter(({ id }) => possible.includes(id))
  const pairs = await rig.boot(wishes.map(({ id, middle }) => ({ name: id, middle })))
  rig.say('they are up; now they send')
  await Promise.all(
    pairs.map((pair) =>
      rig.runCase(pair, async () => {
        await ACTS[pair.name]?.(rig, pair, plan.settings)
      }),
    ),
  )
}

const ACTS: Record<string, Act> = {
  nobody: toNobody,
  'no-host': toNoHost,
  'first-byte': firstByte,
  messages: threeMessages,
  goodbye,
  loss: (rig, pair, settings) => unreliable(rig, pair, settings, { loss: settings.share }),
  duplicate: (rig, pair, settings) => unreliable(rig, pair, settings, { duplicate: settings.share }),
  reorder: (rig, pair, settings) => unreliable(rig, pair, settings, { reorder: settings.share }),
  sizes,
  'black-hole': blackHole,
}

/** Host b is there, and has nobody who listens. */
async function toNobody(rig: Rig, { a, b }: Pair, { silenceMs }: UdpSettings): Promise<void> {
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const listened = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const open = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const alsoOpen = await atB.udp.open('udp-connected', { port: portAt(b, 'udp-connected') })
  await Promise.all([listened.stop(), open.close(), alsoOpen.close()])

  const plain = await atA.udp.open('udp', { to: open.at })
  await plain.sendText('anybody?')
  const connected = await atA.udp.open('udp-connected', { to: alsoOpen.at, connected: true })
  await connected.sendText('anybody?')
  const caller = await atA.tcp.connect('tcp', listened.at)
  await caller.connected()
  await rig.sleep(silenceMs)
}

/** There is not even a host. The address is of the same network, so a has to find out by itself. */
async function toNoHost(rig: Rig, { a, b }: Pair, { silenceMs }: UdpSettings): Promise<void> {
  const atA = rig.sockets(a)
  const address = b.address.replace(/\d+$/, '77')
  const plain = await atA.udp.open('udp', { to: { address, port: portAt(b, 'udp') } })
  const connected = await atA.udp.open('udp-connected', {
    to: { address, port: portAt(b, 'udp-connected') },
    connected: true,
  })
  await plain.sendText('anybody?')
  await connected.sendText('anybody?')
  const caller = await atA.tcp.connect('tcp', { address, port: portAt(b, 'tcp') })
  await caller.connected(silenceMs)
  await rig.sleep(silenceMs)
}

/** Every packet up to the first byte of the message takes its time. */
async function firstByte(rig: Rig, pair: Pair, { oneWayMs }: UdpSettings): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const another = await atB.udp.open('udp-connected', { port: portAt(b, 'udp-connected') })
  await knowEachOther(rig, pair)
  await setCable(rig, pair, { delayMs: oneWayMs })

  const plain = await atA.udp.open('udp', { to: receiver.at })
  await plain.sendText('hello')
  const connected = await atA.udp.open('udp-connected', { to: another.at, connected: true })
  await connected.sendText('hello')
  const caller = await atA.tcp.connect('tcp', listener.at)
  await caller.connected()
  await caller.write('hello')
  await Promise.all([
    cameOrNot(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', ...SOON })),
    cameOrNot(rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp-connected', ...SOON })),
    cameOrNot(rig.untilEvent(b, 'tcp:received', { mechanism: 'tcp', ...SOON })),
  ])
}

/** What was written while nobody read waits in the kernel: as three messages, or as so many bytes. */
async function threeMessages(rig: Rig, pair: Pair): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const sender = await atA.udp.open('udp', { to: receiver.at })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await listener.accepted(caller).accepted()

  const frozen = await rig.strike('freeze', pair, b)
  for (const line of LINES) {
    await sender.sendText(line)
    await caller.write(line)
  }
  const receiveQueueBytes = LINES.join('').length
  await cameOrNot(rig.untilKernel(b, caller.groupId, { receiveQueueBytes }, SOON))
  await frozen.undo()
  rig.endWatch('freeze', pair, b)
  await Promise.all([
    cameOrNot(
      rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', occurrence: LINES.length, ...SOON }),
    ),
    cameOrNot(rig.untilEvent(b, 'tcp:received', { groupId: caller.groupId, ...SOON })),
  ])
  // A second read would come right behind the first.
  await rig.sleep(SLACK_MS)
}

/** The client leaves. Who tells the server? */
async function goodbye(rig: Rig, { a, b }: Pair, { silenceMs }: UdpSettings): Promise<void> {
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const server = await atB.udp.open('udp', { port: portAt(b, 'udp'), echo: true })
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp'), does: 'echo' })
  const client = await atA.udp.open('udp', { to: server.at })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await caller.connected()
  await client.sendText('hello')
  await caller.write('hello')
  await Promise.all([
    cameOrNot(rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', ...SOON })),
    cameOrNot(rig.untilEvent(a, 'tcp:received', { groupId: caller.groupId, ...SOON })),
  ])

  await Promise.all([client.close(), caller.end()])
  await rig.sleep(silenceMs)
  await server.sendText('still there?', client.at)
  await rig.sleep(SLACK_MS)
}

/** Numbered datagrams show what the cable does; then the same cable, by those who want all and in order. */
async function unreliable(
  rig: Rig,
  pair: Pair,
  settings: UdpSettings,
  change: Partial<CableSettings>,
): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const sender = await atA.udp.open('udp', { to: receiver.at, connected: true })
  const exact = await atB.stopAndWait.receive('stop-and-wait', { port: portAt(b, 'stop-and-wait') })
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await listener.accepted(caller).accepted()
  await setCable(rig, pair, change)

  // One after the other: what is overtaken should be overtaken by its own kind.
  await sender.send({ count: settings.datagrams, bytes: 100, intervalMs: DATAGRAM_EVERY_MS })
  if (change.loss !== undefined) {
    const large = await atB.udp.open('fragmented', { port: portAt(b, 'fragmented') })
    const largeSender = await atA.udp.open('fragmented', { to: large.at, connected: true })
    const { fragmented: count, fragmentedBytes: bytes } = settings
    await largeSender.send({ count, bytes, intervalMs: DATAGRAM_EVERY_MS })
  }
  await rig.sleep(REORDER_WAIT_MS + SLACK_MS)
  await receiver.count()

  const { messages: count, timeoutMs, triesMax } = settings
  await atA.stopAndWait.send('stop-and-wait', exact, { count, timeoutMs, triesMax, bytes: 100 })
  await caller.writeBytes(settings.streamBytes)
  await cameOrNot(rig.untilKernel(a, caller.groupId, { sendQueueBytes: 0 }, { withinMs: STREAM_LIMIT_MS }))
  await rig.sleep(SLACK_MS)
}

/** Each size by itself, so that every packet on the wire belongs to one of them. */
async function sizes(rig: Rig, { a, b }: Pair): Promise<void> {
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const another = await atB.udp.open('udp-df', { port: portAt(b, 'udp-df') })
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const sender = await atA.udp.open('udp', { to: receiver.at, connected: true, dontFragment: false })
  const strict = await atA.udp.open('udp-df', { to: another.at, connected: true, dontFragment: true })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await caller.connected()

  const where = { mechanism: 'udp-df' }
  const { data } = await rig.untilEvent(a, 'udp:bound', { where, ...SOON })
  const fits = (data.pathMtuBytes ?? 0) - IP_HEADER_BYTES - UDP_HEADER_BYTES
  for (const bytes of [fits, fits + 1, LARGEST_BYTES]) {
    await sender.send({ bytes })
    await cameOrNot(
      rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'udp', where: { bytes }, ...SOON }),
    )
  }
  await sender.send({ bytes: LARGEST_BYTES + 1 })
  for (const bytes of [fits, fits + 1]) await strict.send({ bytes })
  await caller.writeBytes(LARGEST_BYTES + 1)
  await cameOrNot(rig.untilKernel(a, caller.groupId, { sendQueueBytes: 0 }, SOON))
  await rig.sleep(SLACK_MS)
}

/** Both ends have a larger MTU than what is between them, and whoever drops the packets does not say so. */
async function blackHole(rig: Rig, pair: Pair, { silenceMs }: UdpSettings): Promise<void> {
  const { a, b } = pair
  const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
  const receiver = await atB.udp.open('udp', { port: portAt(b, 'udp') })
  const another = await atB.udp.open('udp-df', { port: portAt(b, 'udp-df') })
  const listener = await atB.tcp.listen('tcp', { port: portAt(b, 'tcp') })
  const sender = await atA.udp.open('udp', { to: receiver.at, connected: true })
  const strict = await atA.udp.open('udp-df', { to: another.at, connected: true, dontFragment: true })
  const caller = await atA.tcp.connect('tcp', listener.at)
  await listener.accepted(caller).accepted()
  await setCable(rig, pair, { mtuBytes: HOLE_BYTES })

  const fits = HOLE_BYTES - IP_HEADER_BYTES - UDP_HEADER_BYTES
  for (const bytes of [fits, fits + 1]) {
    await sender.send({ bytes })
    await strict.send({ bytes })
  }
  await caller.write('small')
  await cameOrNot(rig.untilEvent(b, 'tcp:received', { groupId: caller.groupId, ...SOON }))
  await caller.writeBytes(5 * HOLE_BYTES)
  await rig.sleep(silenceMs)
}

/** Longer IP packets vanish in `black-hole`. */
const HOLE_BYTES = 1000
const SOON = { withinMs: 3000 }
/** TCP doubles its patience with each loss in a row. */
const STREAM_LIMIT_MS = 12_000
const DATAGRAM_EVERY_MS = 2

/** Fixed ports where hosts have networks of their own, so that each mechanism has one; else any free one. */
function portAt({ address }: Host, mechanism: string): number {
  return address.startsWith('127.') ? 0 : 7001 + udp.mechanisms.indexOf(mechanism)
}

/** The first packet between two hosts is an ARP request, which is no business of UDP or TCP. */
async function knowEachOther(rig: Rig, { a, b }: Pair): Promise<void> {
  await rig.measure(a, b, { count: 1, everyMs: 0, bytes: 20, withinMs: 100 })
}

async function setCable(rig: Rig, pair: Pair, change: Partial<CableSettings>): Promise<void> {
  for (const direction of ['aToB', 'bToA'] as const) await rig.cable(pair).set(direction, change)
}

/** Waits for what should come; that it has not come is for the judgement to say. */
async function cameOrNot(coming: Promise<unknown>): Promise<void> {
  try {
    await coming
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error
  }
}
