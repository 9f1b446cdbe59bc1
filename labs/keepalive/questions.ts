/**
 * What the lab asks before it shows. The wrong choices are what people really believe; which one is right
 * is decided by each run anew, from what it observed.
 */
import { hostName, pairOf } from '../../src/events/host-names.ts'
import type { Check } from '../../src/lab/checks.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { answerFrom, type Question } from '../../src/lab/predict.ts'
import { duration } from '../../src/view/words.ts'

/** Who notices sooner than this did not have to wait for anything. */
const AT_ONCE_MS = 1000
/** These ask the program at the other end, by a heartbeat or a request; the others at most its kernel. */
const ASK_THE_PROGRAM: readonly string[] = ['udp-heartbeat', 'tcp-heartbeat', 'http-session', 'websocket']

/** The questions about a run that is planned like this. */
export function questionsOf(plan: Plan): Question[] {
  return [
    cutIdle(plan),
    osHeartbeat,
    frozen,
    killOrExit,
    lateAnswer,
    keepaliveWhileSending,
    pluggedInAgain,
    // Whoever reboots the browser's host asks about another memory than the server's.
    ...(plan.strike === 'server' ? [cookie] : []),
  ]
}

function cutIdle({ watchMs }: Plan): Question {
  return {
    id: 'cut-idle',
    text: `The cable of an idle TCP connection is cut. What do its two ends say ${duration(watchMs, 0)} later?`,
    cells: ['cut/tcp-idle'],
    choices: [
      { id: 'at-once', text: 'disconnected: both notice at once, as when a plug is pulled' },
      { id: 'later', text: 'disconnected: it takes some seconds, until answers are missed' },
      { id: 'one-end', text: 'one end says disconnected, the other one connected' },
      { id: 'nothing', text: 'connected, both of them' },
    ],
    answer(log, checks) {
      return answerFrom(checks, ['cut/tcp-idle/detected', 'cut/tcp-idle/struck-end'], CUT_IDLE, (ends) => {
        const strike = log.strike('cut') as Strike
        const noticed = ends.filter(({ observed }) => observed.value !== null)
        return {
          choice:
            noticed.length === 0
              ? 'nothing'
              : noticed.length === 1
                ? 'one-end'
                : noticed.every(({ observed }) => Number(observed.value) < AT_ONCE_MS)
                  ? 'at-once'
                  : 'later',
          observed: [strike.other, strike.struck]
            .map(
              (host) =>
                `${host} believes "${log.beliefAt(host, 'tcp-idle', strike.until)}", its kernel: ${kernelWords(log, host, 'tcp-idle', strike.until)}`,
            )
            .join('; '),
        }
      })
    },
  }
}
const CUT_IDLE =
  'An idle connection sends nothing, so nothing goes missing when the wire is gone. What there is of it are two entries in two tables, and nothing came to change them.'

const osHeartbeat: Question = {
  id: 'os-heartbeat',
  text: 'Two programs have a TCP connection and ask for nothing special. Does the operating system send something on it now and then, to see that the other end is there?',
  cells: ['none/tcp-idle'],
  choices: [
    { id: 'seconds', text: 'yes, every few seconds' },
    { id: 'none', text: 'no, nothing at all' },
    { id: 'hours', text: 'yes, but seldom: every two hours' },
  ],
  answer(log, checks) {
    return answerFrom(checks, ['none/tcp-idle/detected'], OS_HEARTBEAT, () => {
      const strike = log.strike('none') as Strike
      const hosts = [strike.other, strike.struck]
      const options = hosts.flatMap((host) => log.all('kernel:options_read', { host, mechanism: 'tcp-idle' }))
      const [first] = options
      if (first === undefined) return { choice: null, observed: 'this system does not tell socket options' }
      const keepalive = options.some(({ data }) => data.keepalive)
      const packets = packetsBetween(log, strike, first.data)
      const watched = duration(strike.until - strike.at, 0)
      return {
        choice: packets !== null && packets > 0 ? 'seconds' : keepalive ? 'hours' : 'none',
        observed: [
          ...(packets === null
            ? []
            : [`${packets === 0 ? 'not one packet' : `${packets} packets`} in ${watched}`]),
          `SO_KEEPALIVE is ${keepalive ? 'on' : 'off'} at ${keepalive ? 'one end at least' : 'both ends'}`,
          `${hosts[0]}'s kernel: ${kernelWords(log, hosts[0] ?? '', 'tcp-idle', strike.until)}`,
        ].join('; '),
      }
    })
  },
}
const OS_HEARTBEAT =
  'TCP has no heartbeat of its own. There is an option, SO_KEEPALIVE, which is off unless a program sets it; the famous two hours are only what it waits by default once it is on. Until then a connection costs memory at both ends and not one packet.'

/** How many packets of a connection passed while it was watched; null where none were captured. */
function packetsBetween(
  log: LabLog,
  { other, at, until }: Strike,
  { local, remote }: { local: string; remote: string },
): number | null {
  if (log.first('wire:capture_started', { host: other }) === undefined) return null
  return log
    .all('packet:captured', { host: other, from: at, to: until })
    .filter(({ data }) => [local, remote].includes(data.source) && [local, remote].includes(data.destination))
    .length
}

const frozen: Question = {
  id: 'frozen',
  text: 'A program hangs (SIGSTOP); the computer below it runs on. Which of its peers notice?',
  cells: ['freeze/tcp-idle', 'freeze/tcp-keepalive', 'freeze/tcp-heartbeat'],
  choices: [
    { id: 'all', text: 'all of them: a frozen program answers nobody' },
    { id: 'none', text: 'none of them: the connection is still up' },
    { id: 'askers', text: 'those whose own program waits for an answer, such as a heartbeat' },
    { id: 'keepalive', text: 'those with TCP keepalive or a heartbeat: both ask "are you alive?"' },
  ],
  answer(_log, checks, plan) {
    const ids = plan.mechanisms.map((mechanism) => `freeze/${mechanism}/detected`)
    return answerFrom(checks, ids, FROZEN, (cells) => {
      const of = (some: readonly Check[]) => some.map(({ id }) => id.split('/')[1] ?? '')
      const noticed = of(cells.filter(({ observed }) => observed.value !== null))
      const silent = of(cells.filter(({ observed }) => observed.value === null))
      return {
        choice:
          silent.length === 0
            ? 'all'
            : noticed.length === 0
              ? 'none'
              : noticed.includes('tcp-keepalive')
                ? 'keepalive'
                : noticed.every((mechanism) => ASK_THE_PROGRAM.includes(mechanism))
                  ? 'askers'
                  : null,
        observed: `it was noticed by ${noticed.join(', ') || 'none'}, not by ${silent.join(', ') || 'any'}`,
      }
    })
  },
}
const FROZEN =
  'A frozen program still has a kernel, which takes data, acknowledges it and answers keepalive probes. Keepalive asks that kernel. Only what asks the program itself can see that it hangs.'

const killOrExit: Question = {
  id: 'kill-or-exit',
  text: 'A program is killed with SIGKILL: it has no time to close anything. What is its peer told, compared with a program that ends in order?',
  cells: ['kill/tcp-idle', 'exit/tcp-idle'],
  choices: [
    { id: 'same', text: 'the same, at once' },
    { id: 'nothing', text: 'nothing: the dead cannot say goodbye, so it has to wait for a timeout' },
    { id: 'reset', text: 'an error (connection reset) instead of an orderly end' },
  ],
  answer(log, checks) {
    const ids = ['kill/tcp-idle/like-exit', 'exit/tcp-idle/detected', 'kill/tcp-idle/detected']
    return answerFrom(checks, ids, KILL_OR_EXIT, ([likeExit]) => {
      const told = String(likeExit?.observed.value)
      const exit = log.strike('exit')
      const ended =
        exit &&
        log.first('belief:updated', {
          host: exit.other,
          mechanism: 'tcp-idle',
          from: exit.at,
          to: exit.until,
        })
      return {
        choice:
          told === 'nothing'
            ? 'nothing'
            : told === ended?.data.trigger
              ? 'same'
              : told === 'econnreset'
                ? 'reset'
                : null,
        observed: `after SIGKILL: ${told}; after an orderly end: ${ended?.data.trigger ?? 'nothing'}`,
      }
    })
  },
}
const KILL_OR_EXIT =
  'The kernel lives on, closes what the dead program left open, and sends FIN in its name. So a FIN does not say that somebody said goodbye. A protocol that has a goodbye of its own, like the WebSocket close frame, can tell the two apart.'

const lateAnswer: Question = {
  id: 'late-answer',
  text: 'Because heartbeats stay unanswered, a program takes its peer for down. Then an answer comes after all, seconds too late. What happens to the connection?',
  cells: ['freeze/tcp-heartbeat'],
  choices: [
    { id: 'ignored', text: 'nothing: what is down stays down, the answer came too late' },
    { id: 'anew', text: 'the answer makes the two systems establish the connection anew' },
    { id: 'up', text: 'it is up again: the same connection, which had never gone' },
  ],
  answer(log, checks) {
    return answerFrom(checks, ['freeze/tcp-heartbeat/late'], LATE, ([late]) => {
      const strike = log.strike('freeze') as Strike
      const changes = log.all('belief:updated', {
        host: strike.other,
        mechanism: 'tcp-heartbeat',
        from: strike.at,
        to: strike.until,
      })
      const connections = new Set(changes.map(({ group_id }) => group_id)).size
      const last = changes.at(-1)?.data.new
      return {
        choice:
          typeof late?.observed.value === 'number'
            ? 'up'
            : last === 'down'
              ? 'ignored'
              : last === 'up' && connections > 1
                ? 'anew'
                : null,
        observed: `${strike.other} believed ${changes.map(({ data }) => data.new).join(', then ')}, on ${connections === 1 ? 'one and the same socket' : `${connections} sockets`}`,
      }
    })
  },
}
const LATE =
  '"Down" was a belief of the program; the kernels never gave the connection up. So the late answer arrives on it, and the program may change its mind. Had the program closed its socket at the first doubt, the answer would have met a RST.'

const keepaliveWhileSending: Question = {
  id: 'keepalive-while-sending',
  text: 'TCP keepalive is on, and the program writes a line every second. The cable is cut. What ends the connection?',
  cells: ['cut/tcp-busy'],
  choices: [
    { id: 'probes', text: 'keepalive: its probes stay unanswered, just as on an idle connection' },
    { id: 'data', text: 'its own unacknowledged data, sent again and again; keepalive is not even tried' },
    { id: 'both', text: 'both run side by side, and whichever is first wins' },
    { id: 'nothing', text: 'nothing: as long as it can send, it is connected' },
  ],
  answer(log, checks, plan) {
    // The client writes, on whichever side the fault is counted.
    const id = `cut/tcp-busy/${plan.strike === 'server' ? 'detected' : 'struck-end'}`
    return answerFrom(checks, [id], BUSY, ([check]) => {
      const strike = log.strike('cut') as Strike
      const entries = log
        .all('kernel:socket_updated', {
          host: hostName(strike.pair, 'a'),
          mechanism: 'tcp-busy',
          from: strike.at,
          to: strike.until,
        })
        .flatMap(({ data }) => (data.new === null ? [] : [data.new]))
      const sentAgain = Math.max(0, ...entries.map(({ retransmits }) => retransmits))
      const probes = Math.max(0, ...entries.map(({ unansweredProbes }) => unansweredProbes))
      return {
        choice:
          check?.observed.value === null
            ? 'nothing'
            : sentAgain > 0
              ? probes > 0
                ? 'both'
                : 'data'
              : probes > 0
                ? 'probes'
                : null,
        observed: `until it ended the kernel had sent the data again ${sentAgain} times, and ${probes === 0 ? 'no keepalive probe' : `${probes} keepalive probes`}`,
      }
    })
  },
}
const BUSY =
  'Keepalive runs only while nothing waits for an acknowledgement. Lost data is sent again after growing pauses, until the kernel has had enough: tcp_retries2, by default a quarter of an hour, or TCP_USER_TIMEOUT where a program sets it.'

const pluggedInAgain: Question = {
  id: 'plugged-in-again',
  text: 'The cable was cut for long; the end with keepalive has given up, the other end knows nothing of it. Now the cable is plugged in again. What becomes of their connection?',
  cells: ['cut/tcp-keepalive'],
  choices: [
    { id: 'by-itself', text: 'TCP brings it back by itself, as soon as packets pass again' },
    { id: 'late-segment', text: 'it comes back with the first packet that one end sends the other' },
    {
      id: 'reset',
      text: 'nothing, until the end that knows nothing sends: then it is told that there is none',
    },
  ],
  answer(log, checks) {
    const ids = ['cut/tcp-keepalive/half-open', 'cut/tcp-keepalive/no-syn', 'cut/tcp-keepalive/late-segment']
    return answerFrom(checks, ids, PLUGGED_IN, ([, noSyn, late]) => {
      const strike = log.strike('cut') as Strike
      const accepted = log.first('tcp:accepted', { mechanism: 'tcp-keepalive', from: strike.until })
      const inPair = accepted !== undefined && pairOf(accepted.host) === strike.pair
      const isReset = typeof late?.observed.value === 'number'
      const byItself = noSyn?.observed.value !== null
      const cameUp = byItself ? 'by itself' : inPair ? 'after something was written' : null
      return {
        choice: byItself ? 'by-itself' : inPair ? 'late-segment' : isReset ? 'reset' : null,
        observed: [
          cameUp === null ? 'no new connection came up' : `a new connection came up ${cameUp}`,
          `what the end that still believed then wrote was ${isReset ? 'answered with RST' : 'not answered with RST'}`,
        ].join('; '),
      }
    })
  },
}
const PLUGGED_IN =
  'A connection is established by SYN alone, and no kernel sends one by itself. A segment of a connection that its receiver does not know any more is answered with RST. The idle connection beside it, which nobody had asked about, carries data again as if nothing had been.'

const cookie: Question = {
  id: 'cookie',
  text: 'A browser is logged in by a session cookie. Is the cookie still good after its connection was reset? And after the server was rebooted?',
  cells: ['reset/http-session', 'reboot/http-session'],
  choices: [
    { id: 'neither', text: 'after neither: the session ends with its connection' },
    { id: 'both', text: 'after both: the browser still has the cookie' },
    { id: 'reset-only', text: 'after the reset yes, after the reboot no' },
  ],
  answer(_log, checks) {
    return answerFrom(
      checks,
      ['reset/http-session/cookie', 'reboot/http-session/cookie'],
      COOKIE,
      (cookies) => {
        const [reset, reboot] = cookies.map(({ observed }) => observed.value)
        const CHOICES: Record<string, string> = {
          'accepted accepted': 'both',
          'accepted refused': 'reset-only',
          'refused refused': 'neither',
        }
        return {
          choice: CHOICES[`${reset} ${reboot}`] ?? null,
          observed: `after the reset ${reset}, after the reboot ${reboot}`,
        }
      },
    )
  },
}
const COOKIE =
  'A session is something that two applications remember, whatever connection brings the cookie. The reset took a connection and no memory. The reboot took the memory of the server; one that keeps its sessions on disk would have accepted the cookie.'
