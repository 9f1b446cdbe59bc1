/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'

/** The questions about any run of it. */
export function questionsOf(): Question[] {
  return [idle, busyKeepalive, lastAck, closedWindow, setTimeout, tooShort, closeUnsent, race]
}

function isQuiet(check: Check): boolean {
  return seen(check) === null
}

/** It came, after some time, and not something else. */
function came(check: Check): boolean {
  return typeof seen(check) === 'number'
}

/** What each of them observed, in a sentence. */
function told(checks: readonly Check[]): string {
  return checks.map((check) => `${check.id}: ${words(check)}`).join('; ')
}

const idle = question({
  id: 'idle',
  text: 'A TCP connection is open, nobody sends anything, and nobody has configured anything. After how long does the operating system end it?',
  choices: [
    { id: 'minutes', text: 'after some minutes without data' },
    { id: 'hours', text: 'after two hours' },
    { id: 'dead', text: 'as soon as the path is dead; as long as it is alive, never' },
    { id: 'never', text: 'never, whether the path is alive or dead' },
  ],
  checks: ['idle/plain/quiet', 'idle/plain/packets', 'idle/plain/afterwards'],
  answer: ([quiet, packets, afterwards]) => ({
    choice: isQuiet(quiet) && came(afterwards) ? 'never' : null,
    observed: `${words(quiet)}; ${words(packets)}; data passed ${words(afterwards)} after the next write`,
  }),
  explanation:
    'No timer runs on an idle connection. The path was dead for most of this time, and neither end sent anything that could have gone missing. A run cannot see two hours; it sees that no timer is set and no option is on, and those are what could end it.',
})

const busyKeepalive = question({
  id: 'busy-keepalive',
  text: 'Keepalive is on and would give up first. The path dies, and the program sends. What ends the connection?',
  choices: [
    { id: 'keepalive', text: 'keepalive: unanswered probes' },
    { id: 'sooner', text: 'whichever of keepalive and retransmission is over sooner' },
    { id: 'same', text: 'retransmission alone: the same as without keepalive' },
    { id: 'never', text: 'nothing: write() has succeeded' },
  ],
  checks: ['busy/keepalive/gives-up', 'busy/keepalive/probes', 'busy/plain/gives-up'],
  answer([ended, probes, plain]) {
    const observed = `${told([ended, plain])}; ${words(probes)}`
    if (isQuiet(ended)) return { choice: 'never', observed }
    if (Number(seen(probes)) > 0) return { choice: 'keepalive', observed }
    const asComputed = ended.verdict === 'pass' && plain.verdict === 'pass'
    return { choice: asComputed ? 'same' : null, observed }
  },
  explanation:
    'The timer of keepalive finds data under way and postpones itself. It asks idle connections only. On a busy one the kernel sends the same bytes again until tcp_retries2 or TCP_USER_TIMEOUT is used up.',
})

const lastAck = question({
  id: 'last-ack',
  text: 'The third packet of the handshake is lost, again and again. The server has given up. What does the client say?',
  choices: [
    { id: 'refused', text: 'it has an error: the handshake failed' },
    { id: 'connecting', text: 'it is still connecting' },
    { id: 'connected', text: 'it is connected, until it says something' },
    { id: 'told', text: 'it is told by a RST, the moment the server gives up' },
  ],
  checks: ['ack-lost/plain/client', 'ack-lost/plain/first-write'],
  answer([client, write]) {
    const state = String(seen(client))
    const observed = `the client: ${state}; RST ${words(write)} after its first write`
    if (state.startsWith('ESTABLISHED')) return { choice: 'connected', observed }
    return { choice: state.startsWith('SYN-SENT') ? 'connecting' : null, observed }
  },
  explanation:
    'For the client the handshake is over when it has the SYN-ACK. It could learn what became of its own ACK only from what comes back, and nothing does. The server forgets without a word: it cannot know whether there ever was a client.',
})

const closedWindow = question({
  id: 'closed-window',
  text: 'The receiver is healthy, but it does not read, so its window is closed. The sender has set TCP_USER_TIMEOUT. What happens?',
  choices: [
    { id: 'waits', text: 'it waits: the receiver answers each probe, so it is alive' },
    { id: 'ends', text: 'it ends with ETIMEDOUT, although the receiver answers' },
    { id: 'both', text: 'it ends, and without TCP_USER_TIMEOUT it would end as well, later' },
  ],
  checks: ['zero-alive/user-timeout/gives-up', 'zero-alive/user-timeout/answered', 'zero-alive/plain/quiet'],
  answer([ended, answered, plain]) {
    const observed = `${told([ended, plain])}; ${words(answered)} to its probes`
    if (isQuiet(ended)) return { choice: 'waits', observed }
    return { choice: isQuiet(plain) ? 'ends' : 'both', observed }
  },
  explanation:
    'TCP_USER_TIMEOUT limits how long data may wait to be acknowledged, for whatever reason. Answers to probes do not count. Without it a closed window may last for ever, as long as probes are answered.',
})

const setTimeout = question({
  id: 'set-timeout',
  text: "Node's socket.setTimeout() fires. What do you know?",
  choices: [
    { id: 'dead', text: 'the peer is dead' },
    { id: 'closed', text: 'the connection has been closed' },
    { id: 'slow', text: 'the peer has not answered in time' },
    { id: 'idle', text: 'nobody has said anything for that long; no more than that' },
  ],
  checks: ['idle/set-timeout/fires', 'idle/set-timeout/alive', 'busy/set-timeout/silent'],
  answer: ([fires, alive, silent]) => ({
    choice: came(fires) && came(alive) && isQuiet(silent) ? 'idle' : null,
    observed: `it fired after ${words(fires)} beside a peer that answered the next question within ${words(alive)}; while a program wrote to a peer that was gone: ${words(silent)}`,
  }),
  explanation:
    'It measures activity of the socket: what was read, and what was written, and a write succeeds whether or not the peer lives. It is for ending connections that nobody uses, and the program has to do that itself.',
})

const tooShort = question({
  id: 'too-short',
  text: "A program calls Node's setKeepAlive(true, 900). After how many idle seconds does the kernel send its first probe?",
  choices: [
    { id: 'asked', text: '0.9 s' },
    { id: 'rounded', text: '1 s: it is rounded up' },
    { id: 'system', text: "the system's own idle time, two hours by default" },
    { id: 'error', text: 'never: the call fails' },
  ],
  checks: ['idle/set-keepalive-0/idle-time'],
  answer([read]) {
    const observed = `the kernel says ${seen(read)} ms (${read.because})`
    if (seen(read) === 900) return { choice: 'asked', observed }
    if (seen(read) === 1000) return { choice: 'rounded', observed }
    return { choice: read.verdict === 'pass' ? 'system' : null, observed }
  },
  explanation:
    'The kernel counts whole seconds. Node drops the fraction, and takes 0 to mean "as it was". Nothing says so; only reading the option back shows it.',
})

/** What a retransmission takes at least, and close() does not. */
const AFTER_CLOSE_MS = 1000

const closeUnsent = question({
  id: 'close-unsent',
  text: 'A program writes, closes at once and is told that all is closed. The path is dead. What becomes of the data?',
  choices: [
    { id: 'arrived', text: 'it has arrived, or close() would have failed' },
    { id: 'thrown', text: 'it is thrown away at once, with the socket' },
    { id: 'kernel', text: 'the kernel goes on trying for a while, and then forgets it; nobody is told' },
    { id: 'error', text: 'the program has an error later' },
  ],
  checks: ['fin-wait-1/plain/gives-up', 'fin-wait-1/plain/untold'],
  answer([ended, last]) {
    const observed = told([ended, last])
    if (came(last) && Number(seen(last)) > AFTER_CLOSE_MS) return { choice: 'error', observed }
    return { choice: Number(seen(ended)) > AFTER_CLOSE_MS ? 'kernel' : null, observed }
  },
  explanation:
    'close() gives the socket to the kernel, which sends what is left and its FIN, again and again, in FIN-WAIT-1. tcp_orphan_retries decides for how long, and nobody is left to be told.',
})

const race = question({
  id: 'race',
  text: 'An HTTP server closes an idle connection. Its FIN is still under way when the client takes this connection from its pool and sends a request. What happens?',
  choices: [
    { id: 'answered', text: 'the server answers: it takes requests until its FIN is acknowledged' },
    { id: 'retried', text: 'node:http notices and asks again over a new connection' },
    { id: 'reset', text: 'the request fails with ECONNRESET; sent again, it is answered' },
    { id: 'hangs', text: 'the request waits until it times out' },
  ],
  checks: ['http-race/pooled/reset', 'http-race/pooled/unread', 'http-race/pooled/fresh'],
  answer([reset, unread, fresh]) {
    const observed = `${words(reset)} to ECONNRESET; ${seen(unread)}; then ${seen(fresh)}`
    if (isQuiet(reset)) return { choice: 'hangs', observed }
    return { choice: came(reset) && fresh.verdict === 'pass' ? 'reset' : null, observed }
  },
  explanation:
    "Both ends are right: one has closed, the other has not heard of it. A request that reaches a closed socket is answered with RST, and no program saw it; but the client cannot tell that from a server that died in the middle of it. So only an idempotent request may be sent again blindly. A client whose idle limit is shorter than the server's avoids the race.",
})
