/**
 * What the lab asks before it shows. The wrong choices are what people really believe; which one is right
 * is decided by each run anew, from what it observed.
 */
import type { Check } from '../../src/lab/checks.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'
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

const said = (check: Check | undefined) => String(check?.observed.value ?? 'nothing')

const who: Question = {
  id: 'who',
  text: 'Three customers bank through a proxy, which has one TCP connection to the bank. Whose account is shown to whom?',
  cells: ['one-conn/proxied'],
  choices: [
    { id: 'refused', text: 'that cannot be: each of them needs a connection of their own to the bank' },
    { id: 'last', text: 'that of whoever signed in last on this connection' },
    { id: 'own', text: 'to each their own' },
  ],
  answer(_log, checks) {
    const ids = ['one-conn/proxied/connections', 'one-conn/proxied/sessions', 'one-conn/proxied/own-account']
    return answerFrom(checks, ids, WHO, ([connections, sessions, own]) => ({
      choice: connections?.verdict !== 'pass' ? 'refused' : own?.verdict === 'pass' ? 'own' : 'last',
      observed: `${observationWords(connections as Check)}, ${observationWords(sessions as Check)}, and ${said(own)} of the answers showed the right account`,
    }))
  },
}
const WHO =
  'Each request brings its cookie along, and nothing else says who asks. To the bank a connection is a way for requests to come in; whoever came over it before does not matter.'

function probed({ quietMs, idleMs }: HttpSettings): Question {
  return {
    id: 'probed',
    text: `TCP keepalive is on, and its probes are answered. The bank ends a session after ${duration(idleMs, 0)} without a request. After ${duration(quietMs, 0)} of silence the customer asks again, over the same connection. What does she get?`,
    cells: ['keep-alive/probes', 'keep-alive/heartbeat'],
    choices: [
      { id: 'alive', text: 'her account: the keepalive has kept her signed in' },
      { id: 'ended', text: 'an answer over that very connection: sign in again' },
      { id: 'closed', text: 'an error: the bank has closed the connection together with the session' },
    ],
    answer(_log, checks) {
      const ids = [
        'keep-alive/probes/same-connection',
        'keep-alive/probes/session',
        'keep-alive/heartbeat/session',
      ]
      return answerFrom(checks, ids, PROBED, ([connection, session, beating]) => ({
        choice: connection?.verdict !== 'pass' ? 'closed' : said(session) === 'ended' ? 'ended' : 'alive',
        observed: `${said(connection)}; the session had ${said(session)}. With a heartbeat of requests it was ${said(beating)}`,
      }))
    },
  }
}
const PROBED =
  'A probe is answered by a kernel, and no program hears of it. The connection lives by packets, the session by requests: each has its own clock, and only a heartbeat that is a request winds up both.'

function header({ quietMs }: HttpSettings): Question {
  return {
    id: 'header',
    text: `A client says \`Connection: keep-alive\`. What passes on the wire in the next ${duration(quietMs, 0)} because of it?`,
    cells: ['keep-alive/header', 'keep-alive/persistent'],
    choices: [
      { id: 'probes', text: 'probes, now and then, so that the connection stays' },
      { id: 'once', text: 'one answer, in which the server agrees, and again each time it runs out' },
      { id: 'nothing', text: 'nothing' },
    ],
    answer(_log, checks) {
      const ids = ['keep-alive/header/packets', 'keep-alive/header/without', 'keep-alive/persistent/packets']
      return answerFrom(checks, ids, HEADER, ([packets, without]) => ({
        choice: packets?.observed.value === null ? 'nothing' : 'probes',
        observed: `${observationWords(packets as Check)}; without the header HTTP/1.0 closed ${observationWords(without as Check)}`,
      }))
    },
  }
}
const HEADER =
  'It is a wish from the days of HTTP/1.0: do not close after this answer. HTTP/1.1 does that unasked. Not closing costs no packet at all.'

const closedBrowser: Question = {
  id: 'closed-browser',
  text: 'The bank gave its cookie without a date: a "session cookie". The customer closes the browser and does not sign out. Is the session over?',
  cells: ['cookie/session-cookie'],
  choices: [
    { id: 'over', text: 'yes: that is what a session cookie is for' },
    { id: 'told', text: 'yes: the browser tells the bank when it closes' },
    { id: 'lives', text: 'no: it only cannot be reached from this browser any more' },
  ],
  answer(_log, checks) {
    const ids = [
      'cookie/session-cookie/forgotten',
      'cookie/session-cookie/not-told',
      'cookie/session-cookie/lives-on',
    ]
    return answerFrom(checks, ids, CLOSED, ([forgotten, told, lives]) => ({
      choice: said(lives) === '200' ? 'lives' : told?.observed.value === null ? 'over' : 'told',
      observed: `from this browser: ${said(forgotten)}; with a copy of the cookie: ${said(lives)}; the bank was told ${observationWords(told as Check)}`,
    }))
  },
}
const CLOSED =
  'The name is about the browser: it forgets such a cookie when it ends (and not even that is sure, since browsers restore). The session is a record at the bank, which ends by signing out or by a limit.'

const port: Question = {
  id: 'port',
  text: 'Two servers run on one host name, at different ports. The first gives a cookie. Does the browser send it to the second?',
  cells: ['cookie/ports'],
  choices: [
    { id: 'no', text: 'no: another port is another origin' },
    { id: 'harmless', text: 'yes, but the second one ignores what it does not know, and no harm is done' },
    { id: 'yes', text: 'yes, and the second one can read it, replace it or take it away' },
  ],
  answer(_log, checks) {
    const ids = ['cookie/ports/sent', 'cookie/ports/shown', 'cookie/ports/taken-away']
    return answerFrom(checks, ids, PORT, ([sent, , taken]) => ({
      choice: sent?.verdict !== 'pass' ? 'no' : taken?.verdict === 'pass' ? 'yes' : 'harmless',
      observed: `the id that arrived there was ${said(sent)}; the next visit to the first: ${said(taken)}`,
    }))
  },
}
const PORT =
  'Cookies are older than origins: they belong to a host name and a path, and know no ports. So every program on localhost shares one jar.'

const restart: Question = {
  id: 'restart',
  text: 'The bank keeps sessions in a file. Its process is killed (SIGKILL) and started again. What does a customer notice who was signed in?',
  cells: ['restart/durable', 'restart/memory'],
  choices: [
    { id: 'session', text: 'she has to sign in again: the connection broke, and the session with it' },
    { id: 'nothing', text: 'nothing: the same connection goes on' },
    { id: 'connection', text: 'another connection, and she is signed in as before' },
  ],
  answer(_log, checks) {
    const ids = ['restart/durable/connection', 'restart/durable/session', 'restart/memory/session']
    return answerFrom(checks, ids, RESTART, ([connection, durable, memory]) => ({
      choice: connection?.verdict !== 'pass' ? 'nothing' : said(durable) === '200' ? 'connection' : 'session',
      observed: `the connection ${said(connection)}, the next visit got ${said(durable)}; with sessions in memory ${said(memory)}`,
    }))
  },
}
const RESTART =
  'A connection is in the tables of two kernels, and ends with the process. A session is where the program keeps it: in its memory it dies too, in a store it does not even notice.'

const copied: Question = {
  id: 'copied',
  text: "Somebody has copied a customer's cookie, and visits the bank over a connection of their own. What are they shown?",
  cells: ['theft/copied'],
  choices: [
    { id: 'refused', text: "the sign-in page: the session belongs to the customer's connection" },
    { id: 'replaced', text: 'her account, and she is signed out: one session, one browser' },
    { id: 'shown', text: 'her account, and she notices nothing' },
  ],
  answer(_log, checks) {
    const ids = [
      'theft/copied/works',
      'theft/copied/connection',
      'theft/copied/unnoticed',
      'theft/copied/limited',
    ]
    return answerFrom(checks, ids, COPIED, ([works, connection, unnoticed, limited]) => ({
      choice: works?.verdict !== 'pass' ? 'refused' : said(unnoticed) === '200' ? 'shown' : 'replaced',
      observed: `${said(works)}, over ${said(connection)} connection; her own next visit: ${said(unnoticed)}; after she signed out the thief got ${said(limited)}`,
    }))
  },
}
const COPIED =
  'Whoever has the cookie is the customer: nothing else is asked for, before much money is to move. So it is kept from scripts (HttpOnly) and from the wire (Secure), and what limits a thief is that sessions end: by signing out, by idle time, by an absolute limit.'

const cutAnswer: Question = {
  id: 'cut-answer',
  text: 'A transfer is sent, and the connection breaks before any answer comes. The customer sends it again, with the same idempotency key. How often has the money moved?',
  cells: ['cut-answer/same-key', 'cut-answer/new-key'],
  choices: [
    { id: 'none', text: 'once: without an answer the first one was not done' },
    { id: 'once', text: 'once: the first one was done, the second one only repeats its answer' },
    { id: 'twice', text: 'twice: two requests are two transfers' },
  ],
  answer(_log, checks) {
    const ids = ['cut-answer/same-key/done', 'cut-answer/same-key/in-all', 'cut-answer/new-key/in-all']
    return answerFrom(checks, ids, CUT, ([done, all, anew]) => ({
      choice: said(all) !== '1' ? 'twice' : said(done) === '1' ? 'once' : 'none',
      observed: `${said(done)} before the connection broke, ${said(all)} in all; with a new key ${said(anew)}`,
    }))
  },
}
const CUT =
  'No answer says nothing about whether it was done. A connection cannot promise "once"; the application can, if it gives each transfer a name and remembers what it answered.'

const resumed: Question = {
  id: 'resumed',
  text: 'A TLS session is resumed over a new TCP connection, but the request has no cookie. Is the customer signed in?',
  cells: ['tls/ticket'],
  choices: [
    { id: 'yes', text: 'yes: the ticket proves that it is the same client' },
    { id: 'no', text: 'no: this is another session than that of the bank' },
    { id: 'impossible', text: 'a TLS session cannot go on over another connection' },
  ],
  answer(_log, checks) {
    const ids = ['tls/ticket/resumed', 'tls/ticket/no-cookie', 'tls/ticket/no-ticket']
    return answerFrom(checks, ids, RESUMED, ([ticket, bare, unresumed]) => ({
      choice: said(ticket) === '0' ? 'impossible' : said(bare) === '200' ? 'yes' : 'no',
      observed: `${said(ticket)} connections were resumed; without the cookie ${said(bare)}, with it and without a ticket ${said(unresumed)}`,
    }))
  },
}
const RESUMED =
  'Three things are counted here: TCP connections, sessions of TLS (keys that were agreed on), sessions of the bank (a customer who signed in). None of them contains another.'

const deadServer: Question = {
  id: 'dead-server',
  text: 'A balancer has passed a transfer on to a server, which dies before it answers. A second server is there. What should the customer get?',
  cells: ['shared/sticky-redis'],
  choices: [
    { id: 'other', text: 'the answer of the second server, to which the balancer gives it at once' },
    { id: 'sign-in', text: 'the sign-in page: her session was on the server that died' },
    { id: 'error', text: 'an error; she has to ask again herself' },
  ],
  answer(_log, checks) {
    const ids = [
      'shared/sticky-redis/cut-off',
      'shared/sticky-redis/not-again',
      'shared/sticky-redis/again',
      'shared/sticky-redis/once',
    ]
    return answerFrom(checks, ids, DEAD, ([cutOff, , again, once]) => ({
      choice: said(cutOff) === '502' ? 'error' : said(cutOff) === '401' ? 'sign-in' : 'other',
      observed: `${said(cutOff)}, then, asked again with the same key, ${said(again)}; done ${said(once)} time(s)`,
    }))
  },
}
const DEAD =
  'The balancer cannot know whether the dead server had done it. What may be asked twice (GET) it asks the other one; a POST it must not repeat (RFC 9110 section 9.2.2). The customer can, since her key makes it safe.'
