/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { hostName } from '../../src/events/host-names.ts'
import type { Check } from '../../src/lab/checks.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import { observationWords, type Question } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'
import { cellId, type Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { KeepaliveFault } from './faults.ts'

/** An end that notices sooner than this did not have to wait for anything. */
const AT_ONCE_MS = 1000
/** These ask the program at the other end, by a heartbeat or a request; the others at most its kernel. */
const ASK_THE_PROGRAM: readonly string[] = ['udp-heartbeat', 'tcp-heartbeat', 'http-session', 'websocket']
/** Without these three the question about the frozen program has no answer. */
const DECIDE_FROZEN: readonly string[] = ['tcp-idle', 'tcp-keepalive', 'tcp-heartbeat']

/** The questions about a run that is planned like this. */
export function questionsOf(plan: Plan): Question[] {
  return [
    cutIdle(plan),
    osHeartbeat,
    frozen(plan),
    killOrExit,
    lateAnswer,
    keepaliveWhileSending(plan),
    pluggedInAgain,
    // When the browser's host is rebooted, the memory that is lost is not the server's.
    ...(plan.strike === 'server' ? [cookie] : []),
  ]
}

/** Each of these checks looked into a strike of its fault, or it would have been skipped. */
function strikeOf(log: LabLog, fault: KeepaliveFault): Strike {
  return log.strike(fault) as Strike
}

/** What the end that has to find out came to believe in the watch of a strike. */
function changesOf(log: LabLog, { other, at, until }: Strike, mechanism: string) {
  return log.all('belief:updated', { host: other, mechanism, from: at, to: until })
}

const cutIdle = ({ watchMs }: Plan) =>
  question({
    id: 'cut-idle',
    text: `The cable of an idle TCP connection is cut. What do its two ends say ${duration(watchMs, 0)} later?`,
    choices: [
      { id: 'at-once', text: 'disconnected: both notice at once, as when a plug is pulled' },
      { id: 'later', text: 'disconnected: it takes some seconds, until answers are missed' },
      { id: 'one-end', text: 'one end says disconnected, the other one connected' },
      { id: 'nothing', text: 'connected, both of them' },
    ],
    checks: ['cut/tcp-idle/detected', 'cut/tcp-idle/struck-end'],
    answer(ends, log) {
      const { other, struck, at, until } = strikeOf(log, 'cut')
      const says = (host: string) =>
        `${host} believes "${log.beliefAt(host, 'tcp-idle', until)}", its kernel: ${kernelWords(log, host, 'tcp-idle', until)}`
      const observed = `${says(other)}; ${says(struck)}`
      const noticed = ends.filter((end) => seen(end) !== null).length
      if (noticed === 0) return { choice: 'nothing', observed }
      if (noticed === 1) return { choice: 'one-end', observed }
      const atOnce = { mechanism: 'tcp-idle', from: at, to: at + AT_ONCE_MS }
      const soon = [other, struck].every((host) => log.first('belief:updated', { host, ...atOnce }))
      return { choice: soon ? 'at-once' : 'later', observed }
    },
    explanation:
      'An idle connection sends nothing, so nothing goes missing when the wire is gone. All there is of it is two entries in two tables, and nothing came to change them.',
  })

const osHeartbeat = question({
  id: 'os-heartbeat',
  text: 'Two programs have a TCP connection and ask for nothing special. Does the operating system send something on it now and then, to see that the other end is there?',
  choices: [
    { id: 'seconds', text: 'yes, every few seconds' },
    { id: 'none', text: 'no, nothing at all' },
    { id: 'hours', text: 'yes, but rarely: every two hours' },
  ],
  checks: ['none/tcp-idle/detected'],
  answer(_ends, log, all) {
    const { other, struck, until } = strikeOf(log, 'none')
    const options = [other, struck].flatMap((host) =>
      log.all('kernel:options_read', { host, mechanism: 'tcp-idle' }),
    )
    if (options.length === 0) return { choice: null, observed: 'this system does not tell socket options' }
    const keepalive = options.some(({ data }) => data.keepalive)
    // Only where packets are captured.
    const wire = all.find(({ id, verdict }) => id === 'none/tcp-idle/silent-wire' && verdict !== 'skipped')
    const observed = [
      ...(wire === undefined ? [] : [`on the wire: ${observationWords(wire)}`]),
      `SO_KEEPALIVE is ${keepalive ? 'on at one end at least' : 'off at both ends'}`,
      `${other}'s kernel: ${kernelWords(log, other, 'tcp-idle', until)}`,
    ].join('; ')
    if (wire !== undefined && seen(wire) !== null) return { choice: 'seconds', observed }
    return { choice: keepalive ? 'hours' : 'none', observed }
  },
  explanation:
    'TCP has no heartbeat of its own. There is an option, SO_KEEPALIVE, which is off unless a program sets it; the famous two hours are only what it waits by default once it is on. Until then a connection costs memory at both ends and not one packet.',
})

const frozen = ({ mechanisms }: Plan) =>
  question({
    id: 'frozen',
    text: 'A program hangs (SIGSTOP); the computer below it runs on. Which of its peers notice?',
    choices: [
      { id: 'all', text: 'all of them: a frozen program answers nobody' },
      { id: 'none', text: 'none of them: the connection is still up' },
      { id: 'askers', text: 'those whose own program waits for an answer, such as a heartbeat' },
      { id: 'keepalive', text: 'those with TCP keepalive or a heartbeat: both ask "are you alive?"' },
    ],
    checks: [...new Set([...DECIDE_FROZEN, ...mechanisms])].map((row) => `${cellId('freeze', row)}/detected`),
    answer(cells) {
      const rowsOf = (some: readonly Check[]) => some.map(({ id }) => id.split('/')[1] ?? '')
      const noticed = rowsOf(cells.filter((cell) => seen(cell) !== null))
      const silent = rowsOf(cells.filter((cell) => seen(cell) === null))
      const observed = `it was noticed by ${noticed.join(', ') || 'none'}, not by ${silent.join(', ') || 'any'}`
      if (silent.length === 0) return { choice: 'all', observed }
      if (noticed.length === 0) return { choice: 'none', observed }
      if (noticed.includes('tcp-keepalive')) return { choice: 'keepalive', observed }
      const onlyAskers = noticed.every((row) => ASK_THE_PROGRAM.includes(row))
      return { choice: onlyAskers ? 'askers' : null, observed }
    },
    explanation:
      'A frozen program still has a kernel, which takes data, acknowledges it and answers keepalive probes. Keepalive asks that kernel. Only what asks the program itself can see that it hangs.',
  })

const killOrExit = question({
  id: 'kill-or-exit',
  text: 'A program is killed with SIGKILL: it has no time to close anything. What is its peer told, compared with the peer of a program that ends cleanly?',
  choices: [
    { id: 'same', text: 'the same, at once' },
    { id: 'nothing', text: 'nothing: the dead cannot say goodbye, so it has to wait for a timeout' },
    { id: 'reset', text: 'an error (connection reset) instead of an orderly end' },
  ],
  checks: ['kill/tcp-idle/like-exit', 'exit/tcp-idle/detected', 'kill/tcp-idle/detected'],
  answer([likeExit], log) {
    const killed = String(seen(likeExit))
    const ended = changesOf(log, strikeOf(log, 'exit'), 'tcp-idle')[0]?.data.trigger ?? 'nothing'
    const observed = `after SIGKILL: ${killed}; after an orderly end: ${ended}`
    if (killed === 'nothing') return { choice: 'nothing', observed }
    if (killed === ended) return { choice: 'same', observed }
    return { choice: killed === 'econnreset' ? 'reset' : null, observed }
  },
  explanation:
    'The kernel lives on, closes what the dead program left open, and sends FIN in its name. So a FIN does not say that somebody said goodbye. A protocol that has a goodbye of its own, like the WebSocket close frame, can tell the two apart.',
})

const lateAnswer = question({
  id: 'late-answer',
  text: 'Because heartbeats stay unanswered, a program decides that its peer is down. Then an answer comes after all, seconds too late. What happens to the connection?',
  choices: [
    { id: 'ignored', text: 'nothing: what is down stays down, the answer came too late' },
    { id: 'anew', text: 'the answer makes the two systems establish the connection again' },
    { id: 'up', text: 'it is up again: the same connection, which had never gone' },
  ],
  checks: ['freeze/tcp-heartbeat/late'],
  answer([late], log) {
    const strike = strikeOf(log, 'freeze')
    const changes = changesOf(log, strike, 'tcp-heartbeat')
    const sockets = new Set(changes.map(({ group_id }) => group_id)).size
    const beliefs = changes.map(({ data }) => data.new)
    const observed = `${strike.other} believed ${beliefs.join(', then ')}, on ${sockets === 1 ? 'one and the same socket' : `${sockets} sockets`}`
    if (typeof seen(late) === 'number') return { choice: 'up', observed }
    if (beliefs.at(-1) === 'down') return { choice: 'ignored', observed }
    return { choice: beliefs.at(-1) === 'up' && sockets > 1 ? 'anew' : null, observed }
  },
  explanation:
    '"Down" was a belief of the program; the kernels never gave the connection up. So the late answer arrives on it, and the program may change its mind. Had the program closed its socket at the first doubt, the answer would have met a RST.',
})

const keepaliveWhileSending = ({ strike: side }: Plan) =>
  question({
    id: 'keepalive-while-sending',
    text: 'TCP keepalive is on, and the program writes a line every second. The cable is cut. What ends the connection?',
    choices: [
      { id: 'probes', text: 'keepalive: its probes stay unanswered, just as on an idle connection' },
      {
        id: 'data',
        text: 'its own unacknowledged data, sent again and again; keepalive is not even tried',
      },
      { id: 'both', text: 'both run side by side, and whichever is first wins' },
      { id: 'nothing', text: 'nothing: as long as it can send, it is connected' },
    ],
    // The client writes, on whichever side the fault is counted.
    checks: [`cut/tcp-busy/${side === 'server' ? 'detected' : 'struck-end'}`],
    answer([ended], log) {
      const { pair, at, until } = strikeOf(log, 'cut')
      const client = { host: hostName(pair, 'a'), mechanism: 'tcp-busy' }
      const entries = log
        .all('kernel:socket_updated', { ...client, from: at, to: until })
        .flatMap(({ data }) => data.new ?? [])
      const sentAgain = Math.max(0, ...entries.map(({ retransmits }) => retransmits))
      const probes = Math.max(0, ...entries.map(({ unansweredProbes }) => unansweredProbes))
      const observed = `until it ended the kernel had sent the data again ${sentAgain} times, and ${probes === 0 ? 'no keepalive probe' : `${probes} keepalive probes`}`
      if (seen(ended) === null) return { choice: 'nothing', observed }
      if (sentAgain > 0) return { choice: probes > 0 ? 'both' : 'data', observed }
      return { choice: probes > 0 ? 'probes' : null, observed }
    },
    explanation:
      'Keepalive runs only while nothing waits for an acknowledgement. Lost data is sent again after growing pauses, until the kernel has had enough: tcp_retries2, by default a quarter of an hour, or TCP_USER_TIMEOUT where a program sets it.',
  })

const pluggedInAgain = question({
  id: 'plugged-in-again',
  text: 'The cable was cut for a long time; the end with keepalive has given up, the other end knows nothing of it. Now the cable is plugged in again. What becomes of their connection?',
  choices: [
    { id: 'by-itself', text: 'TCP brings it back by itself, as soon as packets pass again' },
    { id: 'late-segment', text: 'it comes back with the first packet that one end sends the other' },
    {
      id: 'reset',
      text: 'nothing, until the end that knows nothing sends: then it is told that there is none',
    },
  ],
  checks: ['cut/tcp-keepalive/half-open', 'cut/tcp-keepalive/no-syn', 'cut/tcp-keepalive/late-segment'],
  answer([, noSyn, late], log) {
    const { pair, until } = strikeOf(log, 'cut')
    const server = { host: hostName(pair, 'b'), mechanism: 'tcp-keepalive' }
    const accepted = log.first('tcp:accepted', { ...server, from: until }) !== undefined
    const isReset = typeof seen(late) === 'number'
    const then = `what the end that still believed then wrote was ${isReset ? 'answered with RST' : 'not answered with RST'}`
    if (seen(noSyn) !== null) {
      return { choice: 'by-itself', observed: `a new connection came up by itself; ${then}` }
    }
    if (accepted) {
      const observed = `a new connection came up after something was written; ${then}`
      return { choice: 'late-segment', observed }
    }
    return { choice: isReset ? 'reset' : null, observed: `no new connection came up; ${then}` }
  },
  explanation:
    'A connection is established by SYN alone, and no kernel sends one by itself. A segment of a connection that its receiver no longer knows is answered with RST. The idle connection beside it, which nobody had asked about, carries data again as if nothing had happened.',
})

const COOKIE_CHOICES: Readonly<Record<string, string>> = {
  'accepted accepted': 'both',
  'accepted refused': 'reset-only',
  'refused refused': 'neither',
}

const cookie = question({
  id: 'cookie',
  text: 'A browser is logged in by a session cookie. Is the cookie still good after its connection was reset? And after the server was rebooted?',
  choices: [
    { id: 'neither', text: 'after neither: the session ends with its connection' },
    { id: 'both', text: 'after both: the browser still has the cookie' },
    { id: 'reset-only', text: 'after the reset yes, after the reboot no' },
  ],
  checks: ['reset/http-session/cookie', 'reboot/http-session/cookie'],
  answer: ([reset, reboot]) => ({
    choice: COOKIE_CHOICES[`${seen(reset)} ${seen(reboot)}`] ?? null,
    observed: `after the reset ${seen(reset)}, after the reboot ${seen(reboot)}`,
  }),
  explanation:
    'A session is something that two applications remember, whatever connection brings the cookie. The reset took a connection and no memory. The reboot took the memory of the server; one that keeps its sessions on disk would have accepted the cookie.',
})
