/**
 * What the lab asks before it shows. The wrong choices are what people really believe; which one is right is
 * found in each run anew, in what it observed.
 */
import type { Check } from '../../src/lab/checks.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'

/** The questions about any run of it. */
export function questionsOf(): Question[] {
  return [idle, busyKeepalive, lastAck, closedWindow, setTimeout, tooShort, closeUnsent, race]
}

function isQuiet({ observed }: Check): boolean {
  return observed.value === null
}

/** What each of them observed, in a sentence. */
function told(checks: readonly Check[]): string {
  return checks.map((check) => `${check.id}: ${observationWords(check)}`).join('; ')
}

const idle: Question = {
  id: 'idle',
  text: 'A TCP connection is open, nobody sends anything, and nobody has configured anything. After how long does the operating system end it?',
  cells: ['idle/plain'],
  choices: [
    { id: 'minutes', text: 'after some minutes without data' },
    { id: 'hours', text: 'after two hours' },
    { id: 'dead', text: 'as soon as the path is dead; as long as it is alive, never' },
    { id: 'never', text: 'never, be the path alive or dead' },
  ],
  answer(_log, checks) {
    const ids = ['idle/plain/quiet', 'idle/plain/packets', 'idle/plain/afterwards']
    return answerFrom(checks, ids, IDLE, ([quiet, packets, afterwards]) => {
      const never = quiet !== undefined && isQuiet(quiet) && typeof afterwards?.observed.value === 'number'
      return {
        choice: never ? 'never' : null,
        observed: `${quiet === undefined ? '' : observationWords(quiet)}; ${packets?.observed.value} packets; data passed after it`,
      }
    })
  },
}
const IDLE =
  'No timer runs on an idle connection. The path was dead for most of this time, and neither end sent anything that could have gone missing. A run cannot see two hours; it sees that no timer is set and no option is on, and those are what could end it.'

const busyKeepalive: Question = {
  id: 'busy-keepalive',
  text: 'Keepalive is on and would give up first. The path dies, and the program sends. What ends the connection?',
  cells: ['busy/plain', 'busy/keepalive'],
  choices: [
    { id: 'keepalive', text: 'keepalive: unanswered probes' },
    { id: 'sooner', text: 'whichever of keepalive and retransmission is over sooner' },
    { id: 'same', text: 'retransmission alone: the same as without keepalive' },
    { id: 'never', text: 'nothing: write() has succeeded' },
  ],
  answer(_log, checks) {
    const ids = ['busy/keepalive/gives-up', 'busy/keepalive/probes', 'busy/plain/gives-up']
    return answerFrom(checks, ids, BUSY, ([ended, probes, plain]) => {
      const passed = [ended, plain].every((check) => check?.verdict === 'pass')
      const sent = Number(probes?.observed.value)
      const choice =
        ended !== undefined && isQuiet(ended) ? 'never' : sent > 0 ? 'keepalive' : passed ? 'same' : null
      return { choice, observed: `${told([ended, plain].flatMap((check) => check ?? []))}; ${sent} probes` }
    })
  },
}
const BUSY =
  'The timer of keepalive finds data under way and puts itself off. It asks idle connections only. On a busy one the kernel sends the same bytes again until tcp_retries2 or TCP_USER_TIMEOUT is used up.'

const lastAck: Question = {
  id: 'last-ack',
  text: 'The third packet of the handshake is lost, again and again. The server has given up. What does the client say?',
  cells: ['ack-lost/plain'],
  choices: [
    { id: 'refused', text: 'it has an error: the handshake failed' },
    { id: 'connecting', text: 'it is still connecting' },
    { id: 'connected', text: 'it is connected, until it says something' },
    { id: 'told', text: 'it is told by a RST at the moment when the server gives up' },
  ],
  answer(_log, checks) {
    return answerFrom(
      checks,
      ['ack-lost/plain/client', 'ack-lost/plain/first-write'],
      LAST_ACK,
      ([client, write]) => {
        const word = String(client?.observed.value)
        const choice = word.startsWith('ESTABLISHED')
          ? 'connected'
          : word.startsWith('SYN-SENT')
            ? 'connecting'
            : null
        return {
          choice,
          observed: `the client: ${word}; RST ${write === undefined ? '' : observationWords(write)} after its first write`,
        }
      },
    )
  },
}
const LAST_ACK =
  'For the client the handshake is over when it has the SYN-ACK. What becomes of its own ACK it learns only by what comes back, and nothing does. The server forgets without a word: it cannot know whether there ever was a client.'

const closedWindow: Question = {
  id: 'closed-window',
  text: 'The receiver is well, only it does not read; its window is closed. The sender has set TCP_USER_TIMEOUT. What happens?',
  cells: ['zero-alive/plain', 'zero-alive/user-timeout'],
  choices: [
    { id: 'waits', text: 'it waits: the receiver answers each probe, so it is alive' },
    { id: 'ends', text: 'it ends with ETIMEDOUT, although the receiver answers' },
    { id: 'both', text: 'it ends, and without TCP_USER_TIMEOUT it would end as well, later' },
  ],
  answer(_log, checks) {
    const ids = [
      'zero-alive/user-timeout/gives-up',
      'zero-alive/user-timeout/answered',
      'zero-alive/plain/quiet',
    ]
    return answerFrom(checks, ids, WINDOW, ([ended, answered, plain]) => ({
      choice:
        ended === undefined || plain === undefined
          ? null
          : isQuiet(ended)
            ? 'waits'
            : isQuiet(plain)
              ? 'ends'
              : 'both',
      observed: `${told([ended, plain].flatMap((check) => check ?? []))}; ${answered?.observed.value} probes were answered`,
    }))
  },
}
const WINDOW =
  'TCP_USER_TIMEOUT limits how long data may wait to be acknowledged, for whatever reason. That the receiver answers probes does not count. Without it a closed window may last for ever, as long as probes are answered.'

const setTimeout: Question = {
  id: 'set-timeout',
  text: "Node's socket.setTimeout() fires. What do you know?",
  cells: ['idle/set-timeout', 'busy/set-timeout'],
  choices: [
    { id: 'dead', text: 'the peer is dead' },
    { id: 'closed', text: 'the connection has been closed' },
    { id: 'slow', text: 'the peer has not answered in time' },
    { id: 'idle', text: 'nobody has said anything for so long; no more than that' },
  ],
  answer(_log, checks) {
    const ids = ['idle/set-timeout/fires', 'idle/set-timeout/alive', 'busy/set-timeout/silent']
    return answerFrom(checks, ids, SET_TIMEOUT, ([fires, alive, silent]) => {
      const isIdle = [fires, alive].every((check) => typeof check?.observed.value === 'number')
      return {
        choice: isIdle && silent !== undefined && isQuiet(silent) ? 'idle' : null,
        observed: `it fired beside a peer that answered the next question; and not at all while a program wrote to a peer that was gone`,
      }
    })
  },
}
const SET_TIMEOUT =
  'It measures activity of the socket: what was read, and what was written, which costs a dead peer nothing. It is for ending connections that nobody uses, and the program has to do that itself.'

const tooShort: Question = {
  id: 'too-short',
  text: "A program calls Node's setKeepAlive(true, 900). After how many idle seconds does the kernel send its first probe?",
  cells: ['idle/set-keepalive-0'],
  choices: [
    { id: 'asked', text: '0.9 s' },
    { id: 'rounded', text: '1 s: it is rounded up' },
    { id: 'system', text: "the system's own idle time, two hours by default" },
    { id: 'error', text: 'never: the call fails' },
  ],
  answer(_log, checks, plan) {
    return answerFrom(checks, ['idle/set-keepalive-0/idle-time'], TOO_SHORT, ([read]) => {
      const idleMs = Number(read?.observed.value)
      const choices: Record<number, string> = { 900: 'asked', 1000: 'rounded' }
      return {
        choice: choices[idleMs] ?? (read?.verdict === 'pass' ? 'system' : null),
        observed: `the kernel says ${idleMs} ms (${read?.because ?? ''}, Node ${plan.environment.node ?? '?'})`,
      }
    })
  },
}
const TOO_SHORT =
  'The kernel counts whole seconds. Node drops what is behind the point, and of 0 it makes "as it was". Nothing says so; only reading the option back shows it.'

const closeUnsent: Question = {
  id: 'close-unsent',
  text: 'A program writes, closes at once and is told that all is closed. The path is dead. What becomes of the data?',
  cells: ['fin-wait-1/plain'],
  choices: [
    { id: 'arrived', text: 'it has arrived, or close() would have failed' },
    { id: 'thrown', text: 'it is thrown away at once, with the socket' },
    { id: 'kernel', text: 'the kernel goes on trying for a while, and then forgets it; nobody is told' },
    { id: 'error', text: 'the program has an error later' },
  ],
  answer(_log, checks) {
    return answerFrom(
      checks,
      ['fin-wait-1/plain/gives-up', 'fin-wait-1/plain/untold'],
      CLOSE,
      ([ended, untold]) => ({
        choice: typeof ended?.observed.value === 'number' && ended.observed.value > 1000 ? 'kernel' : null,
        observed: told([ended, untold].flatMap((check) => check ?? [])),
      }),
    )
  },
}
const CLOSE =
  'close() gives the socket to the kernel, which sends what is left and its FIN, again and again, in FIN-WAIT-1. How long is decided by tcp_orphan_retries, and whom it could tell has gone.'

const race: Question = {
  id: 'race',
  text: 'An HTTP server closes an idle connection. Its FIN is still under way when the client takes this connection from its pool and sends a request. What happens?',
  cells: ['http-race/pooled'],
  choices: [
    { id: 'answered', text: 'the server answers: it takes requests until its FIN is acknowledged' },
    { id: 'retried', text: 'node:http notices and asks again over a new connection' },
    { id: 'reset', text: 'the request fails with ECONNRESET; whoever asks again is answered' },
    { id: 'hangs', text: 'the request waits until it times out' },
  ],
  answer(_log, checks) {
    const ids = ['http-race/pooled/reset', 'http-race/pooled/unread', 'http-race/pooled/fresh']
    return answerFrom(checks, ids, RACE, ([reset, unread, fresh]) => {
      const failed = typeof reset?.observed.value === 'number'
      return {
        choice:
          reset !== undefined && isQuiet(reset)
            ? 'hangs'
            : failed && fresh?.verdict === 'pass'
              ? 'reset'
              : null,
        observed: `${reset === undefined ? '' : observationWords(reset)} to ECONNRESET; ${unread?.observed.value}; then ${fresh?.observed.value}`,
      }
    })
  },
}
const RACE =
  "Both ends are right: one has closed, the other has not heard of it. A request that reaches a closed socket is answered with RST, and no program saw it; but the client cannot tell that from a server that died in the middle of it. So only what is idempotent may be asked again blindly. A client whose idle limit is shorter than the server's does not meet the race."
