/**
 * When does it give up?
 *
 * Each state of a TCP connection has its own patience, and each has a pair of hosts of its own here. Between
 * them is a cable that can lose whatever it is told to:
 *
 *      a: clients                                        b: servers
 *   plain, keepalive, user-timeout, ...   === cable ===   plain, keepalive, ...
 *   node:http, undici                                     node:http
 *
 * Predict before you run: nobody has sent anything for a quarter of an hour, and nothing was configured. Is
 * there still a connection? And after a quarter of an hour without an acknowledgement?
 */
import type { Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Case, Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import { conditionsOf, type TimeoutsSettings } from './conditions.ts'
import { httpLimits, pooledConnection } from './http.ts'
import { judgeRun } from './judge.ts'
import { board, matrix } from './matrix.ts'
import { questionsOf } from './questions.ts'
import {
  busy,
  finWait1,
  finWait2,
  idle,
  lastAckLost,
  synReceived,
  synSent,
  timeWait,
  zeroWindowAlive,
  zeroWindowDead,
} from './transport.ts'

const CABLE = { needs: ['cable'] } as const

const cases = [
  { id: 'syn-sent', promise: 'the client connects, and nothing answers', ...CABLE },
  { id: 'syn-received', promise: 'the server answers a SYN, and the client is gone', ...CABLE },
  { id: 'ack-lost', promise: 'the acknowledgement that ends the handshake never arrives', ...CABLE },
  { id: 'idle', promise: 'nobody sends anything, and then the path dies', ...CABLE },
  { id: 'busy', promise: 'the path dies, and then the client sends', ...CABLE },
  { id: 'zero-alive', promise: 'the server lives and does not read: its window is closed', ...CABLE },
  { id: 'zero-dead', promise: 'the window is closed, and then the path dies', ...CABLE },
  { id: 'fin-wait-1', promise: 'the path dies, and the client sends and closes', ...CABLE },
  { id: 'fin-wait-2', promise: 'the client closes, the server never does', ...CABLE },
  { id: 'time-wait', promise: 'both have closed', ...CABLE },
  { id: 'http', promise: 'HTTP: a slow client, a slow server, and a pause between two requests' },
  {
    id: 'http-race',
    promise: "a request over a pooled connection meets the server's FIN on its way",
    ...CABLE,
  },
] as const satisfies readonly Case[]
export type CaseId = (typeof cases)[number]['id']

/** How the sockets are set, and what HTTP has of its own. */
const mechanisms = [
  'plain',
  'keepalive',
  'user-timeout',
  'keepalive-ut',
  'set-keepalive',
  'set-keepalive-0',
  'set-timeout',
  'half-closed',
  'keep-alive-timeout',
  'headers-timeout',
  'request-timeout',
  'node-http',
  'undici',
  'pooled',
] as const

const rows: Record<CaseId, readonly (typeof mechanisms)[number][]> = {
  'syn-sent': ['plain', 'user-timeout', 'set-timeout'],
  'syn-received': ['plain', 'keepalive-ut'],
  'ack-lost': ['plain'],
  idle: [
    'plain',
    'keepalive',
    'user-timeout',
    'keepalive-ut',
    'set-keepalive',
    'set-keepalive-0',
    'set-timeout',
  ],
  busy: ['plain', 'keepalive', 'user-timeout', 'set-timeout'],
  'zero-alive': ['plain', 'user-timeout'],
  'zero-dead': ['plain'],
  'fin-wait-1': ['plain', 'user-timeout'],
  'fin-wait-2': ['plain', 'half-closed'],
  'time-wait': ['plain'],
  http: ['keep-alive-timeout', 'headers-timeout', 'request-timeout', 'node-http', 'undici'],
  'http-race': ['pooled'],
}

export const timeouts: Lab<TimeoutsSettings> = {
  id: 'timeouts',
  question: 'When does it give up?',
  cases,
  mechanisms,
  hasCell: (caseId, mechanism) => (rows[caseId as CaseId] as readonly string[]).includes(mechanism),
  showFirst: ['idle/plain', 'busy/keepalive', 'http-race/pooled', 'zero-alive/user-timeout'],
  lessons: {
    plain: 'a connection at rest has no limit; each wait has its own.',
    keepalive: 'asks while nothing else is under way, and only then.',
    'user-timeout': 'a limit for what is unanswered; it does not ask by itself.',
    'keepalive-ut': 'the time counts instead of the number, at the next probe.',
    'set-keepalive': 'sets the idle time; the rest is what this Node has.',
    'set-keepalive-0': "below a second it means the system's two hours.",
    'set-timeout': 'tells of silence, be the peer well or dead, and ends nothing.',
    'half-closed': 'shutdown() keeps the socket, and so it may wait for ever.',
    'keep-alive-timeout': 'the server closes first, and does not ask the client.',
    'headers-timeout': 'is looked after now and then, so it may come later.',
    'request-timeout': 'likewise, and answered with 408.',
    'node-http': 'waits for an answer for ever, unless told otherwise.',
    undici: 'gives up by a coarse clock of its own, as fetch() does.',
    pooled: 'who writes while a FIN is on its way has to ask again.',
  },
  prepare: conditionsOf,
  experiment,
  questions: questionsOf,
  judge: judgeRun,
  matrix,
  board,
}

const acts: Record<CaseId, (rig: Rig, pair: Pair, settings: TimeoutsSettings) => Promise<void>> = {
  'syn-sent': synSent,
  'syn-received': synReceived,
  'ack-lost': lastAckLost,
  idle,
  busy,
  'zero-alive': zeroWindowAlive,
  'zero-dead': zeroWindowDead,
  'fin-wait-1': finWait1,
  'fin-wait-2': finWait2,
  'time-wait': timeWait,
  http: httpLimits,
  'http-race': pooledConnection,
}

async function experiment(rig: Rig, plan: Plan<TimeoutsSettings>): Promise<void> {
  const possible = shortEnough(rig, plan, rig.possible(cases))
  rig.say(`starting ${2 * possible.length} hosts, a pair for each state`)
  const pairs = await rig.boot(
    possible.map((name) => (name === 'http' ? name : { name, middle: 'cable' as const })),
  )
  rig.say(`${pairs.length} states begin, and each is left to its end`)
  await Promise.all(
    pairs.map((pair) => rig.runCase(pair, () => acts[pair.name as CaseId](rig, pair, plan.settings))),
  )
}

/** Those that end in time. */
function shortEnough(rig: Rig, { pace }: Plan, ids: readonly string[]): string[] {
  if (pace === 'real' || !ids.includes('time-wait')) return [...ids]
  const command = 'npm run lab:timeouts -- --pace real --only time-wait'
  rig.skip('time-wait', `no setting shortens this minute: ${command}`)
  return ids.filter((id) => id !== 'time-wait')
}
