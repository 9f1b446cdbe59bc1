/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'
import { duration } from '../../src/view/words.ts'
import type { SessionSettings } from './conditions.ts'

export function questionsOf({ settings }: Plan<SessionSettings>): Question[] {
  return [
    connections,
    withoutSession(settings),
    tooLate(settings),
    serverAnew,
    serverKept(settings),
    move,
    stolen,
    rivals,
  ]
}

const number = (check: Check | undefined) => Number(check?.observed.value)
const value = (check: Check | undefined) => String(check?.observed.value)
const words = (check: Check | undefined) => (check === undefined ? '' : observationWords(check))

const connections: Question = {
  id: 'connections',
  text: 'A client says twenty messages, and on the way its TCP connection is broken three times (RST). How many sessions, and how many connections, do the twenty need?',
  cells: ['several/tcp'],
  choices: [
    { id: 'one-each', text: 'four sessions, one for each connection' },
    { id: 'one-session', text: 'one session, four connections' },
    { id: 'same', text: 'one session and one connection: TCP establishes it again' },
  ],
  answer(_log, checks) {
    const ids = ['several/tcp/sessions', 'several/tcp/connections', 'several/tcp/delivered']
    return answerFrom(checks, ids, CONNECTIONS, ([sessions, carried, delivered]) => ({
      choice: number(carried) === 1 ? 'same' : number(sessions) === 1 ? 'one-session' : 'one-each',
      observed: `${words(sessions)}, ${words(carried)}, ${words(delivered)} handed over`,
    }))
  },
}
const CONNECTIONS =
  'A connection that was reset is over for good: the next one begins with a SYN and knows nothing of it. What goes on is the session, since both ends remember its number and its token, and since the messages were numbered and kept.'

function withoutSession({ messages, before }: SessionSettings): Question {
  return {
    id: 'without-session',
    text: `The cable is cut. A program over plain TCP writes five more of its ${messages} lines, gives the connection up, and writes the rest over a new one when the cable is mended. How many arrive?`,
    cells: ['mended/plain', 'mended/tcp'],
    choices: [
      { id: 'all', text: `all ${messages}: TCP is reliable` },
      { id: 'some', text: `${messages - 5}: what was written into the cut is lost, and no write() failed` },
      { id: 'before', text: `${before}: after the cut nothing arrives any more` },
      { id: 'error', text: 'the writes into the cut fail, so the program can write them again' },
    ],
    answer(_log, checks) {
      const ids = ['mended/plain/delivered', 'mended/plain/told', 'mended/tcp/delivered']
      return answerFrom(checks, ids, WITHOUT, ([plain, told, session]) => ({
        choice:
          number(told) > 0
            ? 'error'
            : number(plain) >= messages
              ? 'all'
              : number(plain) > before
                ? 'some'
                : 'before',
        observed: `${words(plain)} of ${messages} without a session, ${words(told)}; with one: ${words(session)}`,
      }))
    },
  }
}
const WITHOUT =
  'TCP is reliable as long as its connection lives. A write that succeeds says that the own kernel has the bytes; what the kernel had not delivered dies with the connection, and nobody says how much that was. An acknowledgement of the application is another thing than one of TCP.'

function tooLate({ graceMs }: SessionSettings): Question {
  return {
    id: 'too-late',
    text: `A cut lasts longer than the ${duration(graceMs, 1)} for which the server keeps a session without a connection. The cable is mended, and the client comes back. What happens?`,
    cells: ['too-late/tcp', 'too-late/udp'],
    choices: [
      { id: 'goes-on', text: 'the session goes on: the token is still right' },
      { id: 'told', text: 'the client is told that there is no such session, within a second or two' },
      { id: 'silence', text: 'nothing: the server does not know it any more, and so has nothing to say' },
      { id: 'anew', text: 'the server opens a new session, and the client does not notice' },
    ],
    answer(_log, checks) {
      const ids = ['too-late/tcp/told', 'too-late/udp/told', 'too-late/tcp/forgot']
      return answerFrom(checks, ids, TOO_LATE, ([tcp, udp, forgot]) => ({
        choice: tcp?.observed.value === null ? 'silence' : 'told',
        observed: `told ${words(tcp)} (TCP) and ${words(udp)} (UDP) after the mend; the server had forgotten ${words(forgot)} after it gave the connection up`,
      }))
    },
  }
}
const TOO_LATE =
  'No session is kept for ever: the server forgets, and whoever resumes too late is refused. That is how the client learns it, for certain; until then it only knew that nobody answered. It says which messages may have been lost. Nobody can know more.'

const serverAnew: Question = {
  id: 'server-anew',
  text: 'The server is killed (SIGKILL) and started again, with its sessions in memory only. Its client has the right token. What does it hear?',
  cells: ['server-anew/tcp'],
  choices: [
    { id: 'nothing', text: 'nothing: to the client the connection stays up' },
    { id: 'resumed', text: 'the client resumes: it has everything that the session needs' },
    { id: 'refused', text: 'the new process refuses: unknown session' },
  ],
  answer(_log, checks) {
    const ids = ['server-anew/tcp/told', 'server-anew/tcp/announced']
    return answerFrom(checks, ids, SERVER_ANEW, ([told, announced]) => ({
      choice: value(told).startsWith('unknown-session')
        ? 'refused'
        : told?.observed.value === null
          ? 'nothing'
          : 'resumed',
      observed: `${words(told)}; ${announced?.because ?? ''}`,
    }))
  },
}
const SERVER_ANEW =
  'A session is an agreement of two, and one of them has lost its memory. The connection was closed by the dead server’s kernel; the new process has never heard of the session, and says so, which is worth much: the client need not guess.'

function serverKept({ before }: SessionSettings): Question {
  return {
    id: 'server-kept',
    text: `Now the server keeps its sessions in a file before it acknowledges. It is killed after at least ${before} messages, in the middle of the rest, and started again. What becomes of the messages?`,
    cells: ['server-kept/tcp', 'server-kept/udp'],
    choices: [
      { id: 'all-once', text: 'all arrive, each once' },
      { id: 'one-lost', text: 'the one that was under way when it died is lost' },
      { id: 'one-twice', text: 'the one that was under way when it died is counted twice' },
    ],
    answer(_log, checks) {
      const ids = [
        'server-kept/tcp/delivered',
        'server-kept/tcp/answers',
        'server-kept/udp/answers',
        'server-kept/tcp/kept',
      ]
      return answerFrom(checks, ids, SERVER_KEPT, ([delivered, tcp, udp, kept]) => ({
        choice: [delivered, tcp, udp].every((check) => check?.verdict === 'pass')
          ? 'all-once'
          : number(delivered) < number(tcp)
            ? 'one-lost'
            : 'one-twice',
        observed: `${words(delivered)} over TCP; answers in their place: ${words(tcp)} and ${words(udp)}; found again: ${words(kept)}`,
      }))
    },
  }
}
const SERVER_KEPT =
  'The message, the count and the answer are written in one step, and only then acknowledged. Killed before that step the server has never seen the message, and gets it again; killed after it, it has, and takes the second copy for what it is.'

const move: Question = {
  id: 'move',
  text: 'In mid-conversation the client goes on from another address, as a telephone does that leaves a Wi-Fi. Over TCP, and over UDP: what has to begin anew?',
  cells: ['move/tcp', 'move/udp'],
  choices: [
    { id: 'session', text: 'the session, with both: it belongs to an address' },
    {
      id: 'connection',
      text: 'over TCP the connection, over UDP nothing but a RESUME; the session goes on with both',
    },
    { id: 'udp-only', text: 'over TCP the session too; over UDP it goes on' },
  ],
  answer(_log, checks) {
    const ids = ['move/tcp/sessions', 'move/udp/sessions', 'move/tcp/addresses', 'move/tcp/connections']
    return answerFrom(checks, ids, MOVE, ([tcp, udp, addresses, carried]) => ({
      choice:
        number(tcp) === 1
          ? number(udp) === 1
            ? 'connection'
            : null
          : number(udp) === 1
            ? 'udp-only'
            : 'session',
      observed: `${words(tcp)} over TCP, from ${words(addresses)}, over ${words(carried)}; ${words(udp)} over UDP`,
    }))
  },
}
const MOVE =
  'A TCP connection is named by two addresses and two ports, so another address means another connection. A session is named by what both ends agreed on. Over UDP there is no connection to begin: the server only has to be shown that whoever asks knows the secret, and receives at the new address.'

const stolen: Question = {
  id: 'stolen',
  text: 'A thief copies the file in which the client keeps its session, and resumes. Then the owner comes back with the same token. Who has the session in the end?',
  cells: ['stolen/tcp'],
  choices: [
    { id: 'owner', text: 'the owner: the thief’s address is another one' },
    { id: 'thief', text: 'the thief, who changed the token' },
    { id: 'both', text: 'both, one message each' },
    { id: 'nobody', text: 'nobody: the server ends it' },
  ],
  answer(_log, checks) {
    const ids = ['stolen/tcp/owner', 'stolen/tcp/thief', 'stolen/tcp/ended']
    return answerFrom(checks, ids, STOLEN, ([owner, thief, ended]) => ({
      choice: value(ended).includes('server token-reused')
        ? 'nobody'
        : value(owner) === 'replaced'
          ? 'thief'
          : 'owner',
      observed: `first the owner was ${value(owner)} and ${words(thief)} of the thief were taken; then: ${value(ended)}`,
    }))
  },
}
const STOLEN =
  'To the server the token is the client. The thief wins at first, and the owner is told. But each resume changes the token; so the second of the two comes with a used one, which nobody honest has: the server cannot tell who is who, and ends the session for both.'

const rivals: Question = {
  id: 'rivals',
  text: 'A client and a copy of it, both with the right token, resume at the same moment. How many of them have the session afterwards?',
  cells: ['rivals/tcp', 'rivals/udp'],
  choices: [
    { id: 'both', text: 'both: the token is right' },
    { id: 'one', text: 'one or none, and whoever does not have it is told' },
    { id: 'unclear', text: 'one, and the other goes on believing that it has it' },
  ],
  answer(_log, checks) {
    const ids = ['rivals/tcp/one-left', 'rivals/udp/one-left', 'rivals/tcp/told', 'rivals/udp/told']
    return answerFrom(checks, ids, RIVALS, ([tcp, udp, toldTcp, toldUdp]) => ({
      choice:
        number(tcp) > 1 || number(udp) > 1
          ? 'both'
          : [toldTcp, toldUdp].every((check) => check?.verdict === 'pass')
            ? 'one'
            : 'unclear',
      observed: `over TCP: ${tcp?.because}; over UDP: ${udp?.because}`,
    }))
  },
}
const RIVALS =
  'A session is carried by one connection. The newest claim with the right token takes it, and the older one hears BYE replaced; if the older had used the token up a moment before, the newer comes with a used one, and the session ends for both. Which of the two it is, milliseconds decide.'
