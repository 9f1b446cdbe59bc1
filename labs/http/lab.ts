/**
 * What is the session, if it is not the connection?
 *
 * A web bank, its customers and their cookies, on real sockets: connections, sessions of TLS and sessions of HTTP are
 * counted apart. Each case has a pair of hosts of its own:
 *
 *      a: the browsers, a balancer                          b: the bank, once or twice
 *   cookie jars, connections   ==== switch, or cable that holds ====   sessions, in memory or in a store
 *
 * Predict before you run: three customers travel over one TCP connection, one after the other. How does the bank know
 * whose money it shows?
 */
import { isInPath } from '../../src/hosts/capabilities.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Case, Plan } from '../../src/lab/plan.ts'
import type { Rig } from '../../src/lab/rig.ts'
import { conditionsOf, type HttpSettings } from './conditions.ts'
import { keepAlive, manyConnections, oneConnection, tls } from './connections.ts'
import { judgeRun } from './judge.ts'
import { line, play } from './play.ts'
import { questionsOf } from './questions.ts'
import { cookies, expiry, restart, signOut, theft } from './sessions.ts'
import { cutAnswer, ownMemories, sharedStore } from './sites.ts'
import { matrix } from './story.ts'

const cases = [
  { id: 'many-conns', promise: 'one customer signs in, and looks at the account over many connections' },
  { id: 'one-conn', promise: 'three customers bank over one connection to the server' },
  {
    id: 'keep-alive',
    promise: 'after one request nobody asks for anything, and four things called "keep alive" are compared',
  },
  { id: 'cookie', promise: 'browsers are closed, other ports asked, and cookies confused' },
  { id: 'restart', promise: 'the server is killed and started again, and the customer comes back' },
  { id: 'expiry', promise: 'one session is left alone, another is kept busy without end' },
  { id: 'sign-out', promise: 'a customer with two browsers signs out in one of them' },
  { id: 'theft', promise: 'somebody else has the cookie, or one that was made up' },
  {
    id: 'cut-answer',
    promise: 'a transfer is done, its answer is kept back on the cable, and the customer asks again',
    needs: ['cable'],
  },
  {
    id: 'tls',
    promise: 'the same bank over HTTPS, and a session of TLS that goes on over another connection',
  },
  {
    id: 'balancer',
    promise: 'two servers, each with its own memory, and one of them is killed in mid-session',
  },
  {
    id: 'shared',
    promise: 'two servers with one store, and one of them is killed in mid-session',
    needs: ['signals'],
  },
] as const satisfies Case[]
export type CaseId = (typeof cases)[number]['id']

/** Rows: who keeps what where, or which cookie is shown. Each case has its own. */
const ROWS: Record<CaseId, readonly string[]> = {
  'many-conns': ['per-request', 'kept', 'parallel'],
  'one-conn': ['one-client', 'proxied'],
  'keep-alive': ['persistent', 'header', 'probes', 'heartbeat'],
  cookie: ['session-cookie', 'ports', 'resources'],
  restart: ['memory', 'durable'],
  expiry: ['idle', 'absolute'],
  'sign-out': ['here', 'everywhere'],
  theft: ['copied', 'fixed-id', 'forged-id', 'replayed', 'oversized'],
  'cut-answer': ['same-key', 'new-key', 'no-key'],
  tls: ['host-cookie', 'ticket'],
  balancer: ['sticky-memory', 'spread-memory'],
  shared: ['sticky-redis', 'spread-redis'],
}

/** These start processes of their own: one case after the other, or two processors have no time for anybody. */
const IN_TURNS: readonly CaseId[] = ['restart', 'balancer', 'shared']

export const http: Lab<HttpSettings> = {
  id: 'http',
  question: 'What is the session, if it is not the connection?',
  cases,
  mechanisms: Object.values(ROWS).flat(),
  hasCell: (caseId, mechanism) => ROWS[caseId as CaseId].includes(mechanism),
  showFirst: ['one-conn/proxied', 'keep-alive/probes', 'cut-answer/same-key', 'theft/copied'],
  lessons: {
    'per-request': 'a connection for each request, and one session all along.',
    kept: 'one connection for all of them: the session is the same.',
    parallel: 'several connections at once, and still one session.',
    'one-client': 'one connection, three sessions: whoever sends the cookie is the customer.',
    proxied: 'three connections in front, one behind: they have nothing to do with each other.',
    persistent: 'HTTP/1.1 keeps a connection by saying nothing at all.',
    header: 'a wish of HTTP/1.0, a header and no packet.',
    probes: 'kernels ask kernels; the session ends all the same.',
    heartbeat: 'programs ask programs, and so it keeps the session too.',
    'session-cookie': 'it ends with the browser; the session does not notice.',
    ports: 'a cookie belongs to a host name, whatever the port.',
    resources: 'the cookie says who, the token says that they meant it.',
    memory: 'what was in the process is gone with it.',
    durable: 'connections die with the server, sessions need not.',
    idle: 'each request winds the clock up again.',
    absolute: 'no amount of use prolongs it.',
    here: 'one session ends, in the store; the other browser goes on.',
    everywhere: 'all of them end, wherever their cookies are.',
    copied: 'a copy is as good as the cookie, until the session ends.',
    'fixed-id': 'an id from outside is never signed in.',
    'forged-id': 'nobody guesses one of 128 bits.',
    replayed: 'a cookie outlives its session, and opens nothing.',
    oversized: 'refused, and nobody else notices.',
    'same-key': 'asked twice, done once.',
    'new-key': 'to the server that is another transfer: done twice.',
    'no-key': 'this bank does not take the risk.',
    'host-cookie': 'over TLS, for this host, and never without.',
    ticket: 'a session inside TLS, which knows no customer.',
    'sticky-memory': 'all goes well until that server dies.',
    'spread-memory': 'the other server has never heard of you.',
    'sticky-redis': 'the session is in neither server; 502, and asked again with the key.',
    'spread-redis': 'any server will do.',
  },
  prepare: conditionsOf,
  experiment,
  playInBrowser: { play, line },
  questions: questionsOf,
  judge: judgeRun,
  matrix,
}

const acts: Record<CaseId, (rig: Rig, pair: Pair, settings: HttpSettings) => Promise<void>> = {
  'many-conns': manyConnections,
  'one-conn': oneConnection,
  'keep-alive': keepAlive,
  cookie: cookies,
  restart,
  expiry,
  'sign-out': signOut,
  theft,
  'cut-answer': cutAnswer,
  tls,
  balancer: ownMemories,
  shared: sharedStore,
}

async function experiment(rig: Rig, { settings }: Plan<HttpSettings>): Promise<void> {
  const possible = rig.possible(cases).filter((id) => {
    if (id !== 'shared' || isInPath('redis-server')) return true
    rig.skip(id, 'there is no redis-server here: Debian has it in the package redis-server')
    return false
  })
  rig.say(`starting ${2 * possible.length} hosts, a pair for each of ${possible.length} cases`)
  const pairs = await rig.boot(
    possible.map((name) => ({ name, middle: name === 'cut-answer' ? 'cable' : 'switch' })),
  )
  rig.say(`the cases begin; in one of them nobody says a word for ${settings.quietMs / 1000} s`)
  const isHeavy = ({ name }: Pair) => IN_TURNS.includes(name as CaseId)
  const run = (pair: Pair) => rig.runCase(pair, () => acts[pair.name as CaseId](rig, pair, settings))
  const inTurns = async () => {
    for (const pair of pairs.filter(isHeavy)) await run(pair)
  }
  await Promise.all([inTurns(), ...pairs.filter((pair) => !isHeavy(pair)).map(run)])
}
