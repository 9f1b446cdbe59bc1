/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { observationWords, type Question } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { HttpSettings } from './conditions.ts'

export function questionsOf({ settings }: Plan<HttpSettings>): Question[] {
  return [
    who,
    probed(settings),
    header(settings),
    closedBrowser,
    port,
    restart,
    copied,
    cutAnswer,
    resumed,
    deadServer,
  ]
}

const who = question({
  id: 'who',
  text: 'Three customers bank through a proxy, which has one TCP connection to the bank. Whose account is shown to whom?',
  choices: [
    { id: 'refused', text: 'that cannot be: each of them needs a connection of their own to the bank' },
    { id: 'last', text: 'that of whoever signed in last on this connection' },
    { id: 'own', text: 'to each their own' },
  ],
  checks: ['one-conn/proxied/connections', 'one-conn/proxied/sessions', 'one-conn/proxied/own-account'],
  answer([connections, sessions, own]) {
    const observed = `${observationWords(connections)}, ${observationWords(sessions)}, and ${said(own)} of the answers showed the right account`
    if (connections.verdict !== 'pass') return { choice: 'refused', observed }
    return { choice: own.verdict === 'pass' ? 'own' : 'last', observed }
  },
  explanation:
    'Each request brings its cookie along, and nothing else says who asks. To the bank a connection is a way for requests to come in; whoever came over it before does not matter.',
})

const probed = ({ quietMs, idleMs }: HttpSettings) =>
  question({
    id: 'probed',
    text: `TCP keepalive is on, and its probes are answered. The bank ends a session after ${duration(idleMs, 0)} without a request. After ${duration(quietMs, 0)} of silence the customer asks again, over the same connection. What does she get?`,
    choices: [
      { id: 'alive', text: 'her account: the keepalive has kept her signed in' },
      { id: 'ended', text: 'an answer over that very connection: sign in again' },
      { id: 'closed', text: 'an error: the bank has closed the connection together with the session' },
    ],
    checks: [
      'keep-alive/probes/same-connection',
      'keep-alive/probes/session',
      'keep-alive/heartbeat/session',
    ],
    answer([connection, session, beating]) {
      const observed = `${said(connection)}; the session had ${said(session)}. With a heartbeat of requests it was ${said(beating)}`
      if (connection.verdict !== 'pass') return { choice: 'closed', observed }
      return { choice: said(session) === 'ended' ? 'ended' : 'alive', observed }
    },
    explanation:
      'A probe is answered by a kernel, and no program hears of it. The connection lives by packets, the session by requests: each has its own clock, and only a heartbeat that is a request starts both again.',
  })

const header = ({ quietMs }: HttpSettings) =>
  question({
    id: 'header',
    text: `A client says \`Connection: keep-alive\`. What passes on the wire in the next ${duration(quietMs, 0)} because of it?`,
    choices: [
      { id: 'probes', text: 'probes, now and then, so that the connection stays' },
      { id: 'once', text: 'one answer, in which the server agrees, and again each time it runs out' },
      { id: 'nothing', text: 'nothing' },
    ],
    checks: ['keep-alive/header/packets', 'keep-alive/header/without', 'keep-alive/persistent/packets'],
    answer([packets, without]) {
      const observed = `${observationWords(packets)}; without the header HTTP/1.0 closed ${observationWords(without)}`
      return { choice: seen(packets) === null ? 'nothing' : 'probes', observed }
    },
    explanation:
      'It is a wish from the days of HTTP/1.0: do not close after this answer. HTTP/1.1 does that unasked. Not closing costs no packet at all.',
  })

const closedBrowser = question({
  id: 'closed-browser',
  text: 'The bank gave its cookie without a date: a "session cookie". The customer closes the browser and does not sign out. Is the session over?',
  choices: [
    { id: 'over', text: 'yes: that is what a session cookie is for' },
    { id: 'told', text: 'yes: the browser tells the bank when it closes' },
    { id: 'lives', text: 'no: it only cannot be reached from this browser any more' },
  ],
  checks: [
    'cookie/session-cookie/forgotten',
    'cookie/session-cookie/not-told',
    'cookie/session-cookie/lives-on',
  ],
  answer([forgotten, told, lives]) {
    const observed = `from this browser: ${said(forgotten)}; with a copy of the cookie: ${said(lives)}; the bank was told ${observationWords(told)}`
    if (said(lives) === '200') return { choice: 'lives', observed }
    return { choice: seen(told) === null ? 'over' : 'told', observed }
  },
  explanation:
    'The name is about the browser: it forgets such a cookie when it ends (and not even that is sure, since browsers restore). The session is a record at the bank, which ends by signing out or by a limit.',
})

const port = question({
  id: 'port',
  text: 'Two servers run on one host name, at different ports. The first gives a cookie. Does the browser send it to the second?',
  choices: [
    { id: 'no', text: 'no: another port is another origin' },
    { id: 'harmless', text: 'yes, but the second one ignores what it does not know, and no harm is done' },
    { id: 'yes', text: 'yes, and the second one can read it, replace it or take it away' },
  ],
  checks: ['cookie/ports/sent', 'cookie/ports/shown', 'cookie/ports/taken-away'],
  answer([sent, , taken]) {
    const observed = `the id that arrived there was ${said(sent)}; the next visit to the first: ${said(taken)}`
    if (sent.verdict !== 'pass') return { choice: 'no', observed }
    return { choice: taken.verdict === 'pass' ? 'yes' : 'harmless', observed }
  },
  explanation:
    'Cookies are older than origins: they belong to a host name and a path, and know no ports. So every program on localhost shares one jar.',
})

const restart = question({
  id: 'restart',
  text: 'The bank keeps sessions in a file. Its process is killed (SIGKILL) and started again. What does a customer who was signed in notice?',
  choices: [
    { id: 'session', text: 'she has to sign in again: the connection broke, and the session with it' },
    { id: 'nothing', text: 'nothing: the same connection goes on' },
    { id: 'connection', text: 'another connection, and she is signed in as before' },
  ],
  checks: ['restart/durable/connection', 'restart/durable/session', 'restart/memory/session'],
  answer([connection, durable, memory]) {
    const observed = `the connection ${said(connection)}, the next visit got ${said(durable)}; with sessions in memory ${said(memory)}`
    if (connection.verdict !== 'pass') return { choice: 'nothing', observed }
    return { choice: said(durable) === '200' ? 'connection' : 'session', observed }
  },
  explanation:
    'A connection is in the tables of two kernels, and ends with the process. A session is where the program keeps it: in its memory it dies too, in a store it does not even notice.',
})

const copied = question({
  id: 'copied',
  text: "Somebody has copied a customer's cookie, and visits the bank over a connection of their own. What are they shown?",
  choices: [
    { id: 'refused', text: "the sign-in page: the session belongs to the customer's connection" },
    { id: 'replaced', text: 'her account, and she is signed out: one session, one browser' },
    { id: 'shown', text: 'her account, and she notices nothing' },
  ],
  checks: ['theft/copied/works', 'theft/copied/connection', 'theft/copied/unnoticed', 'theft/copied/limited'],
  answer([works, connection, unnoticed, limited]) {
    const observed = `${said(works)}, over ${said(connection)} connection; her own next visit: ${said(unnoticed)}; after she signed out the thief got ${said(limited)}`
    if (works.verdict !== 'pass') return { choice: 'refused', observed }
    return { choice: said(unnoticed) === '200' ? 'shown' : 'replaced', observed }
  },
  explanation:
    'Whoever has the cookie is the customer: nothing else is asked for, until a large sum is to move. So it is kept from scripts (HttpOnly) and from the wire (Secure), and what limits a thief is that sessions end: by signing out, by idle time, by an absolute limit.',
})

const cutAnswer = question({
  id: 'cut-answer',
  text: 'A transfer is sent, and the connection breaks before any answer comes. The customer sends it again, with the same idempotency key. How often has the money moved?',
  choices: [
    { id: 'none', text: 'once: without an answer the first one was not done' },
    { id: 'once', text: 'once: the first one was done, the second one only repeats its answer' },
    { id: 'twice', text: 'twice: two requests are two transfers' },
  ],
  checks: ['cut-answer/same-key/done', 'cut-answer/same-key/in-all', 'cut-answer/new-key/in-all'],
  answer([done, all, anew]) {
    const observed = `${said(done)} before the connection broke, ${said(all)} in all; with a new key ${said(anew)}`
    if (said(all) !== '1') return { choice: 'twice', observed }
    return { choice: said(done) === '1' ? 'once' : 'none', observed }
  },
  explanation:
    'The missing answer does not say whether it was done. A connection cannot promise "once"; the application can, if it gives each transfer a name and remembers what it answered.',
})

const resumed = question({
  id: 'resumed',
  text: 'A TLS session is resumed over a new TCP connection, but the request has no cookie. Is the customer signed in?',
  choices: [
    { id: 'yes', text: 'yes: the ticket proves that it is the same client' },
    { id: 'no', text: "no: TLS's session is not the bank's" },
    { id: 'impossible', text: 'a TLS session cannot go on over another connection' },
  ],
  checks: ['tls/ticket/resumed', 'tls/ticket/no-cookie', 'tls/ticket/no-ticket'],
  answer([ticket, bare, unresumed]) {
    const observed = `${said(ticket)} connections were resumed; without the cookie ${said(bare)}, with it and without a ticket ${said(unresumed)}`
    if (said(ticket) === '0') return { choice: 'impossible', observed }
    return { choice: said(bare) === '200' ? 'yes' : 'no', observed }
  },
  explanation:
    'Three things are counted here: TCP connections, sessions of TLS (keys that were agreed on), sessions of the bank (a customer who signed in). None of them contains another.',
})

const deadServer = question({
  id: 'dead-server',
  text: 'A balancer has passed a transfer on to a server, which dies before it answers. A second server is there. What should the customer get?',
  choices: [
    { id: 'other', text: 'the answer of the second server: the balancer passes it on at once' },
    { id: 'sign-in', text: 'the sign-in page: her session was on the server that died' },
    { id: 'error', text: 'an error; she has to ask again herself' },
  ],
  checks: [
    'shared/sticky-redis/cut-off',
    'shared/sticky-redis/not-again',
    'shared/sticky-redis/again',
    'shared/sticky-redis/once',
  ],
  answer([cutOff, , again, once]) {
    const observed = `${said(cutOff)}, then, asked again with the same key, ${said(again)}; done ${said(once)} time(s)`
    if (said(cutOff) === '502') return { choice: 'error', observed }
    return { choice: said(cutOff) === '401' ? 'sign-in' : 'other', observed }
  },
  explanation:
    'The balancer cannot know whether the dead server had done it. It may ask the other one what is safe to ask twice (GET); it must not repeat a POST (RFC 9110 section 9.2.2). The customer can, since her key makes it safe.',
})
