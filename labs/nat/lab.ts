/**
 * "I'm still here, don't drop the connection": who remembers a connection, and who finds out that somebody
 * has forgotten it?
 *
 *     silent-a               silent-router              silent-b
 *   the client  10.0.N.1 --- 10.0.N.254 | 10.1.N.254 --- 10.1.N.2  the server
 *                     a table of who is whom: ESTABLISHED, forgotten in 4 s
 *
 * The router translates: the server sees 10.1.N.254. It knows a connection only by what passes, and forgets
 * one on which nothing does. There are three believers then, and nobody tells the other two. Each case has
 * a router of its own; the rows of a case share it. In the last two cases a proxy stands in the middle:
 *
 *   client === front === proxy === back === server          two TCP connections
 *   `-------- proxy-a --------´      `-- proxy-b --´
 *
 * Predict before you run: the router has forgotten an idle connection. What do both ends say? And what does the
 * next byte meet?
 */

import type { RouterMapping } from '../../src/events/vocabulary.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { Router } from '../../src/hosts/router.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { cellId, type Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { TcpSocket } from '../../src/lab/sockets.ts'
import { endsOfCellInWords, story } from './believers.ts'
import {
  conditionsOf,
  matrix,
  type NatCase,
  type NatMechanism,
  type NatSettings,
  natCases,
  routerOf,
} from './conditions.ts'
import { findingsText } from './findings.ts'
import { judgeRun } from './judge.ts'
import { LESSONS, questions, SHOW_FIRST } from './questions.ts'

type NatPlan = Plan<NatSettings>

export const nat: Lab<NatSettings> = {
  id: 'nat',
  question: "I'm still here, don't drop the connection: who remembers it, and who has forgotten?",
  ...matrix,
  showFirst: SHOW_FIRST,
  lessons: LESSONS,
  prepare: conditionsOf,
  experiment,
  questions: () => questions,
  judge: judgeRun,
  story,
  matrix: findingsText,
  endsOfCell: endsOfCellInWords,
}

/** Loopback, a switch and a router answer in milliseconds. */
const ANSWER = { withinMs: 2000 }
/** With tcp_retries2 = 2 a kernel gives up within 4.4 s, and the last keepalive within 9 s. */
const OUTCOME = { withinMs: 12_000 }
/** A table of a router shows whole seconds, rounded down. */
const ROUNDING_MS = 1000
/** A mapping that goes on being refreshed never goes; so a look is not repeated for ever. */
const LOOKS_MAX = 4
const LOOK_EVERY_MS = 500
/** UDP that is answered counts as a stream when two seconds have passed (nf_conntrack_proto_udp.c). */
const STREAM_AFTER_MS = 2100
/** What comes at all comes at once; so long nothing is an observation. */
const SILENCE_MS = 500

async function experiment(rig: Rig, plan: NatPlan): Promise<void> {
  const shown = natCases.filter(({ id, tooLong }) => {
    if (plan.pace === 'quick' || tooLong === null || !plan.cases.includes(id)) return true
    rig.skip(id, `not at real pace: ${tooLong}`)
    return false
  })
  const possible = rig.possible(shown)
  const chosen = shown.filter(({ id }) => possible.includes(id))
  rig.say(`starting ${2 * chosen.length} hosts, and the routers between them`)
  const pairs = await rig.boot(
    chosen.map((one) => {
      const router = routerOf(one, plan.pace)
      return router === undefined ? one.id : { name: one.id, middle: 'router', router }
    }),
  )
  rig.say('the hosts are up; they greet each other, and then nobody says anything')
  await Promise.all(pairs.map((pair) => rig.runCase(pair, () => actOf(pair.name)(rig, plan, pair))))
}

type Act = (rig: Rig, plan: NatPlan, pair: Pair) => Promise<void>

function actOf(caseId: NatCase['id']): Act {
  switch (caseId) {
    case 'frozen':
      return frozen
    case 'dead':
      return dead
    case 'udp':
    case 'udp-silent':
      return datagrams
    case 'proxy':
      return proxyThatKeepsQuiet
    case 'proxy-off':
      return proxyOfADeadHost
    default:
      return forgotten
  }
}

// ---- TCP through a router -----------------------------------------------------------------------

/** Idle until the router has forgotten. Then one end speaks, or a keepalive probe goes out too late. */
async function forgotten(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const router = rig.router(pair)
  const begun = performance.now()
  const open = new Map<string, Ends>()
  await Promise.all(
    (['client-first', 'server-first', 'keepalive-below', 'keepalive-above'] as const)
      .filter((row) => plan.cells.includes(cellId(pair.name, row)))
      .map(async (row) => open.set(row, await greet(rig, plan, pair, row))),
  )
  const remembered = await router.mappings()
  const limitMs = longest(remembered)
  const idle = [...open].filter(([row]) => row !== 'keepalive-below').map(([, { port }]) => port)
  await untilForgotten(rig, router, idle, remembered)

  const clientFirst = open.get('client-first')
  const serverFirst = open.get('server-first')
  const above = open.get('keepalive-above')
  const below = open.get('keepalive-below')
  await Promise.all([
    clientFirst && speak(rig, pair, router, 'client-first', clientFirst),
    serverFirst && speak(rig, pair, router, 'server-first', serverFirst),
    above && probeComesTooLate(rig, pair, router, above),
    // Twice as long as the router remembers.
    below && rig.sleep(begun + 2 * limitMs - performance.now()),
  ])
  await router.mappings()
  if (below === undefined) return
  // Outside nobody could begin a connection with the client; on this one its peer can speak first.
  await below.server.write('still here')
  await rig.untilEvent(pair.a, 'tcp:received', { mechanism: 'keepalive-below', occurrence: 2, ...ANSWER })
}

interface Ends {
  client: TcpSocket
  server: TcpSocket
  /** The client's own, inside. */
  port: number
}

/** A connection on which either end has heard the other once. */
async function greet(rig: Rig, { settings }: NatPlan, { a, b }: Pair, row: NatMechanism): Promise<Ends> {
  const keepalive = {
    'keepalive-below': settings.keepalive.below,
    'keepalive-above': settings.keepalive.above,
  }[row as string]
  const listener = await rig.sockets(b).tcp.listen(row)
  const client = await rig
    .sockets(a)
    .tcp.connect(row, listener.at, keepalive === undefined ? {} : { keepalive })
  // Its port may be another one outside.
  const { groupId = '' } = await rig.untilEvent(b, 'tcp:accepted', { mechanism: row, ...ANSWER })
  const server = listener.accepted({ groupId })
  await client.write('hello')
  await rig.untilEvent(b, 'tcp:received', { mechanism: row, ...ANSWER })
  await server.write('hello, client')
  await rig.untilEvent(a, 'tcp:received', { mechanism: row, ...ANSWER })
  await Promise.all([client.observe(), server.observe()])
  for (const host of [a, b]) rig.truth(host, 'answering', 'it answers')
  return { client, server, port: client.port }
}

/** Until the router has none of these mappings any more: its own table says how long that may take. */
async function untilForgotten(
  rig: Rig,
  router: Router,
  ports: readonly number[],
  seen: RouterMapping[],
): Promise<void> {
  const isOurs = ({ source }: RouterMapping) => ports.some((port) => source.endsWith(`:${port}`))
  let held = seen.filter(isOurs)
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (held.length === 0) return
    await rig.sleep(longest(held))
    held = (await router.mappings()).filter(isOurs)
  }
  throw new Error(`${router.name} still has a mapping on which nothing passed`)
}

/** One end writes; until the other has it, or the connection is over. */
async function speak(
  rig: Rig,
  { a, b }: Pair,
  router: Router,
  row: 'client-first' | 'server-first',
  ends: Ends,
): Promise<void> {
  const [speaker, listener] = row === 'client-first' ? [a, b] : [b, a]
  const end = ends[row === 'client-first' ? 'client' : 'server']
  await end.observe()
  await end.write('still here')
  await Promise.any([
    rig.untilEvent(listener, 'tcp:received', { mechanism: row, occurrence: 2, ...OUTCOME }),
    rig.untilEvent(speaker, 'tcp:error_received', { mechanism: row, ...OUTCOME }),
  ])
  await router.mappings()
}

/** Until the probes have ended the connection, or the router has learned it anew. */
async function probeComesTooLate(rig: Rig, { a }: Pair, router: Router, { port }: Ends): Promise<void> {
  let isOver = false
  const ended = rig.untilEvent(a, 'tcp:error_received', { mechanism: 'keepalive-above', ...OUTCOME })
  const relearned = async () => {
    while (!isOver) {
      const mappings = await router.mappings()
      if (mappings.some(({ source }) => source.endsWith(`:${port}`))) return
      await rig.sleep(LOOK_EVERY_MS)
    }
  }
  await Promise.any([ended, relearned().then(() => rig.sleep(SILENCE_MS))])
  isOver = true
}

/** Keepalive refreshes what the router remembers, and asks the kernel of a program that hangs. */
async function frozen(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const router = rig.router(pair)
  const { client, server } = await greet(rig, plan, pair, 'keepalive-below')
  const limitMs = longest(await router.mappings())
  const { undo } = await rig.strike('freeze', pair)
  await client.write('anybody there?')
  await rig.untilKernel(pair.b, server.groupId, { receiveQueueBytes: 'anybody there?'.length }, ANSWER)
  await rig.sleep(2 * limitMs)
  await router.mappings()
  await client.observe()
  rig.endWatch('freeze', pair)
  await undo()
}

/** Now the kernel is gone, too. The probes that nobody answers go on refreshing the router. */
async function dead(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const router = rig.router(pair)
  await greet(rig, plan, pair, 'keepalive-below')
  await router.mappings()
  await rig.strike('power-off', pair)
  await rig.untilKernel(pair.a, 'keepalive-below', { unansweredProbes: 2 }, OUTCOME)
  await router.mappings()
  await rig.untilEvent(pair.a, 'tcp:error_received', { mechanism: 'keepalive-below', ...OUTCOME })
  rig.endWatch('power-off', pair)
}

/** After so long without a packet the router has none of them any more. */
function longest(mappings: readonly RouterMapping[]): number {
  return Math.max(0, ...mappings.map(({ forgetsInMs }) => forgetsInMs)) + ROUNDING_MS
}

// ---- UDP through a router -----------------------------------------------------------------------

/** One datagram, or two with answers; then until the router has forgotten, and beyond. */
async function datagrams(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const router = rig.router(pair)
  const has = (row: NatMechanism) => plan.cells.includes(cellId(pair.name, row))
  const [clientFirst, serverFirst, answered] = await Promise.all([
    has('udp-client-first') ? firstDatagram(rig, pair, 'udp-client-first') : null,
    has('udp-server-first') ? firstDatagram(rig, pair, 'udp-server-first') : null,
    has('udp-answered') ? firstDatagram(rig, pair, 'udp-answered') : null,
    has('tcp-idle') ? greet(rig, plan, pair, 'tcp-idle') : null,
  ])
  const greetedMs = performance.now()
  let seen = await router.mappings()
  if (answered) {
    await rig.sleep(greetedMs + STREAM_AFTER_MS - performance.now())
    await answered.client.sendText('still here')
    await rig.untilEvent(pair.a, 'udp:datagram_received', {
      mechanism: 'udp-answered',
      occurrence: 2,
      ...ANSWER,
    })
    seen = await router.mappings()
  }
  const unanswered = [clientFirst, serverFirst].flatMap((one) => (one ? [one.port] : []))
  await untilForgotten(rig, router, unanswered, seen)
  if (serverFirst) {
    await serverFirst.server.sendText('the answer, late', serverFirst.seenAs)
    await rig.sleep(SILENCE_MS)
  }
  for (const [row, socket] of [
    ['udp-client-first', clientFirst],
    ['udp-server-first', serverFirst],
  ] as const) {
    await socket?.client.sendText('still here')
    if (socket)
      await rig.untilEvent(pair.b, 'udp:datagram_received', { mechanism: row, occurrence: 2, ...ANSWER })
  }
  const afterwards = await router.mappings()
  if (answered) await untilForgotten(rig, router, [answered.port], afterwards)
}

/** The client says hello; the server knows it only by the address that it is seen from. */
async function firstDatagram(rig: Rig, { a, b }: Pair, row: NatMechanism) {
  const echo = row === 'udp-answered'
  const server = await rig.sockets(b).udp.open(row, { echo })
  const client = await rig.sockets(a).udp.open(row, { to: server.at })
  await client.sendText('hello')
  const { data } = await rig.untilEvent(b, 'udp:datagram_received', { mechanism: row, ...ANSWER })
  if (echo) await rig.untilEvent(a, 'udp:datagram_received', { mechanism: row, ...ANSWER })
  const [address = '', port] = data.remote.split(':')
  return { server, client, port: client.at.port, seenAs: { address, port: Number(port) } }
}

// ---- a proxy ------------------------------------------------------------------------------------

/** As proxies do that keep their clients' connections open, whatever becomes of the servers behind them. */
async function proxyThatKeepsQuiet(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const { client, proxy } = await throughProxy(rig, plan, pair)
  await proxy.set({ mode: 'hold' }, 'to-client')
  await rig.strike('kill', pair)
  await askLater(rig, plan, client)
  await rig.sleep(SILENCE_MS)
  await client.write('hello?')
  await rig.untilEvent(pair.a, 'tcp:error_received', { groupId: client.groupId, ...OUTCOME })
  rig.endWatch('kill', pair)
}

/** This one would pass on whatever it hears; but it hears nothing. */
async function proxyOfADeadHost(rig: Rig, plan: NatPlan, pair: Pair): Promise<void> {
  const { client } = await throughProxy(rig, plan, pair)
  await rig.strike('power-off', pair)
  await askLater(rig, plan, client)
  await rig.untilEvent(pair.a, 'tcp:error_received', { groupId: client.groupId, ...OUTCOME })
  rig.endWatch('power-off', pair)
}

async function throughProxy(rig: Rig, { settings }: NatPlan, { a, b }: Pair) {
  const server = await rig.sockets(b).tcp.listen('back', { does: 'echo' })
  const proxy = await rig.sockets(a).relay('front', 'tcp', server.at, { onward: 'back' })
  const client = await rig.sockets(a).tcp.connect('front', proxy.at, { keepalive: settings.keepalive.below })
  await client.connected()
  await client.write('hello')
  await rig.untilEvent(a, 'tcp:received', { mechanism: 'front', ...ANSWER })
  await client.observe()
  for (const host of [a, b]) rig.truth(host, 'answering', 'it answers')
  return { client, proxy }
}

/** Longer than keepalive would take if nobody answered it. Then the client wants something. */
async function askLater(rig: Rig, { settings }: NatPlan, client: TcpSocket): Promise<void> {
  const { idleMs, intervalMs, probes } = settings.keepalive.below
  await rig.sleep(idleMs + (probes + 1) * intervalMs)
  await client.observe()
  await client.write('anybody there?')
}
