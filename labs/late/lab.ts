/**
 * If the ACK of a heartbeat comes later, will it respond with intent to establish the connection again?
 *
 * Both ends of a connection tell each other every 500 ms that they are still here; after 1 s of silence they
 * doubt, after 2 s they say "down" (`conditions.ts`). Then the way back stands still, for longer and longer:
 *
 *        a: the client                                        b: the server
 *   forgive    keeps the connection      ==== cable ====>   hears everything, in time
 *   close      closes at "down"          <=== stalls ====   answers at once, is heard later
 *   reconnect  closes and connects anew
 *
 * Each policy is a connection of its own on the same cable, so the same stall strikes all three. In `frozen` it is
 * not the cable but the program of b that is late; its kernel is not. Where hosts have no cable, a relay before b
 * holds the answers back; what that cannot show, it says of itself (`src/programs/relay.ts`).
 *
 * How long should one wait? In `jitter`, `lossy` and `crash` b sends a heartbeat every 100 ms over UDP, one way,
 * and five detectors at a, each with a limit of its own, hear the same arrivals.
 *
 * Predict before you run: the answer comes 0.6 s after "down". Which packet does it meet, and who sends a SYN?
 */
import type { Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { missing } from '../../src/lab/needs.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { randomFrom } from '../../src/lab/random.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { SocketAddress, TcpSocket } from '../../src/lab/sockets.ts'
import { WARNING } from '../../src/programs/relay.ts'
import {
  ALIVE_MS,
  ARRIVALS,
  CRASHED_MS,
  conditionsOf,
  type LateSettings,
  LIMITS_MS,
  limitRow,
  type Policy,
  policies,
  rowsOf,
  type Stall,
  stalls,
} from './conditions.ts'
import { figuresOf } from './figure.ts'
import { judgeRun } from './judge.ts'
import { questionsOf } from './questions.ts'
import { board, LESSONS, matrix } from './tables.ts'

/**
 * `in-time`: so many intervals after a PING its stall begins, right before the next. The answer to that one is then
 * held back, however short the stall.
 */
const IN_TIME_PHASE = 0.9
/** The heartbeat that the wait for a phase begins with: round trips have been measured by then. */
const SETTLED = 3
/** After the answers came: long enough to see what they set off, and that nothing else happens. */
const AFTER_MS = 1500

export const late: Lab<LateSettings> = {
  id: 'late',
  question: 'A heartbeat is answered too late: will the connection be established again?',
  cases: [
    { id: 'in-time', promise: 'the answers stand still on their way, for less than anybody minds' },
    { id: 'doubted', promise: 'they stand still until the application doubts, and come before it says down' },
    { id: 'late', promise: 'they come after the application has said down' },
    { id: 'frozen', promise: 'the program of b is late, its kernel is not', needs: ['signals'] },
    { id: 'jitter', promise: 'heartbeats each take 0 to 100 ms; none is lost', needs: ['cable'] },
    { id: 'lossy', promise: 'the same, and one in ten is lost', needs: ['cable'] },
    {
      id: 'crash',
      promise: 'the same jitter, and the sender stops again and again, at random moments',
      needs: ['signals'],
    },
  ],
  mechanisms: [...policies, ARRIVALS, ...LIMITS_MS.map(limitRow)],
  hasCell(caseId, mechanism) {
    if (caseId === 'in-time' || caseId === 'doubted') return mechanism === 'forgive'
    return ['late', 'frozen'].includes(caseId) === (policies as readonly string[]).includes(mechanism)
  },
  showFirst: ['late/close', 'late/reconnect', 'frozen/forgive', 'late/forgive'],
  lessons: LESSONS,
  prepare: (options) => conditionsOf(options),
  experiment,
  questions: questionsOf,
  judge: judgeRun,
  matrix,
  board,

  figures: figuresOf,
}

async function experiment(rig: Rig, plan: Plan<LateSettings>): Promise<void> {
  const possible = rig.possible(late.cases)
  const noCable = missing(['cable'], plan.tier, process.platform)
  if (noCable !== null) rig.say(`a relay holds answers back instead of a cable. ${WARNING}`)

  rig.say(`starting ${2 * possible.length} hosts, a pair for each case`)
  const middleOf = (id: string) => (noCable === null && id !== 'frozen' ? 'cable' : 'switch')
  const pairs = await rig.boot(possible.map((name) => ({ name, middle: middleOf(name) })))

  rig.say('heartbeats begin; soon their answers will be late')
  const random = randomFrom(plan.seed)
  await Promise.all(
    pairs.map((pair) => {
      const phase = random()
      return rig.runCase(pair, async () => {
        if (pair.name === 'frozen') await lateProgram(rig, plan, pair, phase)
        else if (pair.name === 'crash') await crashes(rig, plan, pair, randomFrom(plan.seed + 1))
        else if (stalls.includes(pair.name as Stall)) await lateAnswers(rig, plan, pair, phase)
        else await mistakes(rig, plan, pair)
      })
    }),
  )
}

// ---- late answers over TCP -------------------------------------------------------------------------

/** One connection, and what its client does at "down". */
interface Conversation {
  policy: Policy
  client: TcpSocket
  /** Where it connects to. */
  at: SocketAddress
}

/** The way from b to a stands still, then goes on, and nothing was lost. */
async function lateAnswers(rig: Rig, plan: Plan<LateSettings>, pair: Pair, phase: number): Promise<void> {
  const stallMs = plan.settings.stallMs[pair.name as Stall]
  const way = wayBack(rig, pair)
  const conversations = await converse(rig, plan, pair, way.before)
  await settle(rig, plan, pair, conversations, pair.name === 'in-time' ? IN_TIME_PHASE : phase)

  await way.stall()
  const policing = Promise.all(conversations.map((one) => carryOut(rig, plan, pair, one)))
  await Promise.all([policing, rig.sleep(stallMs).then(way.goOn)])
  await rig.sleep(AFTER_MS)
}

/** The program of b does not run for a while. Its kernel does. */
async function lateProgram(rig: Rig, plan: Plan<LateSettings>, pair: Pair, phase: number): Promise<void> {
  const conversations = await converse(rig, plan, pair, async (at) => at)
  await settle(rig, plan, pair, conversations, phase)

  const { sinceMs, undo } = await rig.strike('freeze', pair)
  const policing = Promise.all(conversations.map((one) => carryOut(rig, plan, pair, one)))
  await Promise.all([policing, rig.sleep(sinceMs + plan.settings.frozenMs - performance.now()).then(undo)])
  await rig.sleep(AFTER_MS)
  rig.endWatch('freeze', pair)
}

/** Both ends of each connection speak the heartbeat. */
async function converse(
  rig: Rig,
  plan: Plan<LateSettings>,
  { name, a, b }: Pair,
  before: (at: SocketAddress, policy: Policy) => Promise<SocketAddress>,
): Promise<Conversation[]> {
  const { heartbeat } = plan.settings
  return Promise.all(
    rowsOf(plan, name, policies).map(async (policy) => {
      const listener = await rig.sockets(b).tcp.listen(policy, { heartbeat })
      const at = await before(listener.at, policy)
      const client = await rig.sockets(a).tcp.connect(policy, at, { heartbeat })
      await client.connected()
      return { policy, client, at }
    }),
  )
}

/** Some heartbeats are exchanged, and the kernels have measured round trips; then `phase` of an interval. */
async function settle(
  rig: Rig,
  { settings: { heartbeat } }: Plan<LateSettings>,
  { a, b }: Pair,
  conversations: Conversation[],
  phase: number,
): Promise<void> {
  const { intervalMs } = heartbeat
  await Promise.all(
    conversations.map(async ({ client }) => {
      const groupId = client.groupId
      const withinMs = 2 * SETTLED * intervalMs
      await rig.untilEvent(a, 'heartbeat:ping_sent', { groupId, occurrence: SETTLED, withinMs })
      await client.observe()
    }),
  )
  // It is true all the while: what stands still is a way, and only for a time.
  rig.truth(a, 'answering', 'it answers')
  rig.truth(b, 'answering', 'it answers')
  await rig.sleep(phase * intervalMs)
}

/** What the application does about a peer that it holds to be down. */
async function carryOut(
  rig: Rig,
  { settings: { heartbeat, frozenMs } }: Plan<LateSettings>,
  { name, a }: Pair,
  { policy, client, at }: Conversation,
): Promise<void> {
  if (policy === 'forgive') return
  const isDown = { groupId: client.groupId, where: { new: 'down' }, withinMs: frozenMs }
  await rig.untilEvent(a, 'belief:updated', isDown)
  await client.destroy()
  if (policy === 'close') return
  // Once. What a second doubt would do is for `README.md` to ask.
  const anew = await rig.sockets(a).tcp.connect(policy, at, { heartbeat })
  const { outcome } = await anew.connected(frozenMs)
  if (outcome !== 'connected') throw new Error(`${name}: the second connection is ${outcome}`)
}

/** What holds answers back: the cable of the pair, or a relay before b where there is none. */
function wayBack(rig: Rig, pair: Pair) {
  if (missing(['cable'], rig.plan.tier, process.platform) === null) {
    const cable = rig.cable(pair)
    return {
      before: async (at: SocketAddress) => at,
      stall: () => cable.hold('bToA', ['tcp']),
      goOn: () => cable.release('bToA'),
    }
  }
  const relays: Awaited<ReturnType<ReturnType<Rig['sockets']>['relay']>>[] = []
  const tell = async (mode: 'hold' | 'pass') => {
    await Promise.all(relays.map((relay) => relay.set({ mode }, 'to-client')))
  }
  return {
    before: async (at: SocketAddress, policy: Policy) => {
      const relay = await rig.sockets(pair.b).relay(policy, 'tcp', at)
      relays.push(relay)
      return relay.at
    },
    stall: () => tell('hold'),
    goOn: () => tell('pass'),
  }
}

// ---- how long to wait: several limits, the same arrivals -----------------------------------------

/** A socket at a that several detectors listen at, and one at b that sends to it. */
async function openStream(rig: Rig, plan: Plan<LateSettings>, { name, a, b }: Pair, loss: number) {
  const { intervalMs, jitterMs } = plan.settings.stream
  if (missing(['cable'], rig.plan.tier, process.platform) === null) {
    await rig.cable({ name, a, b }).set('bToA', { jitterMs, loss })
  }
  const detectors = LIMITS_MS.filter((limitMs) => plan.cells.includes(`${name}/${limitRow(limitMs)}`)).map(
    (limitMs) => ({
      mechanism: limitRow(limitMs),
      // A mistake is a doubt: who goes on to say down makes no second one.
      timing: { intervalMs, suspectAfterMs: limitMs, downAfterMs: 2 * limitMs },
    }),
  )
  const receiver = await rig.sockets(a).udp.open(ARRIVALS, { detectors })
  return rig.sockets(b).udp.open(ARRIVALS, { to: receiver.at })
}

/** b lives all the time: every doubt is a mistake. */
async function mistakes(rig: Rig, plan: Plan<LateSettings>, pair: Pair): Promise<void> {
  const { count, intervalMs, loss } = plan.settings.stream
  const sender = await openStream(rig, plan, pair, pair.name === 'lossy' ? loss : 0)
  await sender.send({ count, intervalMs })
  // The last one is still under way.
  await rig.sleep(2 * plan.settings.stream.jitterMs)
  await sender.close()
}

/** b stops at a moment that nobody can know, which is a crash to whoever listens, and comes back for the next. */
async function crashes(rig: Rig, plan: Plan<LateSettings>, pair: Pair, random: () => number): Promise<void> {
  const { crashes: times, intervalMs } = plan.settings.stream
  const sender = await openStream(rig, plan, pair, 0)
  const enough = Math.ceil((2 * times * (CRASHED_MS + ALIVE_MS + intervalMs)) / intervalMs)
  // It ends when its socket is closed.
  const sending = sender.send({ count: enough, intervalMs })
  sending.catch(() => {}) // heard below, unless the run ends first
  for (let crash = 0; crash < times; crash++) {
    await rig.sleep(ALIVE_MS + random() * intervalMs)
    pair.b.process?.signal('SIGSTOP')
    rig.truth(pair.a, 'frozen', 'SIGSTOP')
    await rig.sleep(CRASHED_MS)
    rig.truth(pair.a, 'answering', 'SIGCONT')
    pair.b.process?.signal('SIGCONT')
  }
  await rig.sleep(ALIVE_MS)
  await sender.close()
  await sending
}
