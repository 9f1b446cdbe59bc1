/** What the lab asks before it shows. Which choice is right is decided by each run anew, from what it observed. */
import { type Check, SLACK_MS } from '../../src/lab/checks.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'
import { duration } from '../../src/view/words.ts'
import { type LateSettings, LIMITS_MS, limitRow } from './conditions.ts'

export function questionsOf({ settings }: Plan<LateSettings>): Question[] {
  return [
    lateAck(settings),
    forgiven,
    whoDoubts,
    otherEnd,
    upFirst,
    frozenAck,
    frozenConnect,
    whichLimit(settings),
  ]
}

const asRange = ({ observed }: Check) => (typeof observed.value === 'number' ? observed.value : null)
const seenWords = (checks: readonly Check[]) =>
  checks.map((check) => `${check.claim}: ${observationWords(check)}`).join('; ')

function lateAck({ heartbeat: { downAfterMs }, stallMs }: LateSettings): Question {
  return {
    id: 'late-ack',
    text: `A program hears nothing for ${duration(downAfterMs, 1)} and closes its connection. The answers come ${duration(stallMs.late - downAfterMs, 1)} later. What does its operating system send?`,
    cells: ['late/close'],
    choices: [
      { id: 'syn', text: 'SYN: it establishes the connection again, since the peer is alive after all' },
      { id: 'ack', text: 'an ordinary acknowledgement; the program is told that its peer is back' },
      { id: 'rst', text: 'RST: such a connection is not known any more' },
      { id: 'nothing', text: 'nothing: what comes too late is thrown away' },
    ],
    answer: (_log, checks) =>
      answerFrom(
        checks,
        ['late/close/late-meets-rst', 'late/close/no-syn'],
        'A kernel never opens a connection: only a program does, by connect(). What belongs to none it has a program for is answered with RST, so that the other end does not go on believing.',
        (seen) => {
          const [resets = 0, syns = 0] = seen.map(asRange)
          const choice = (syns ?? 0) > 0 ? 'syn' : resets === null ? null : resets > 0 ? 'rst' : 'nothing'
          return { choice, observed: seenWords(seen) }
        },
      ),
  }
}

const forgiven: Question = {
  id: 'forgiven',
  text: 'Another program has said "down" too, and closed nothing. Now the late answers come. What must happen before the connection can be used?',
  cells: ['late/forgive'],
  choices: [
    { id: 'handshake', text: 'a new handshake: SYN, SYN-ACK, ACK' },
    { id: 'resume', text: 'the two programs must agree where they were interrupted' },
    { id: 'nothing', text: 'nothing: it was there all the time' },
    { id: 'never', text: 'it cannot be used again' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['late/forgive/forgiven', 'late/forgive/no-syn'],
      '"down" was a word in one program. Its kernel had an entry that said ESTABLISHED and bytes to send again; it sent them until they were acknowledged, and lost nothing.',
      (seen) => {
        const [up = null, syns = 0] = seen.map(asRange)
        return {
          choice: up === null ? 'never' : syns === 0 ? 'nothing' : 'handshake',
          observed: seenWords(seen),
        }
      },
    ),
}

const whoDoubts: Question = {
  id: 'who-doubts',
  text: 'The way back stands still. Who does something about the missing acknowledgement first?',
  cells: ['late/forgive'],
  choices: [
    { id: 'application', text: "the application, by its heartbeat's limit" },
    { id: 'tcp', text: 'TCP: it sends the bytes again, and tells nobody' },
    { id: 'keepalive', text: 'the operating system, by keepalive, after hours' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['late/forgive/tcp-doubt', 'late/forgive/suspect'],
      'Retransmission is how TCP doubts: after some 200 ms on a short path, then after twice as long each time. The program is told only when the kernel gives up, which by default takes a quarter of an hour.',
      (seen) => {
        const [tcp, application] = seen.map(asRange)
        if (typeof application !== 'number') return { choice: null, observed: seenWords(seen) }
        // Both count from what was lost: TCP from the stall, the application from what it heard before.
        const choice = typeof tcp === 'number' && tcp < application ? 'tcp' : 'application'
        return { choice, observed: seenWords(seen) }
      },
    ),
}

const otherEnd: Question = {
  id: 'other-end',
  text: 'Only the way from b to a stands still; from a to b all is well. Does b begin to doubt a?',
  cells: ['late/forgive'],
  choices: [
    { id: 'no', text: 'no: everything from a arrives, as before' },
    { id: 'yes', text: 'yes, it doubts a as well' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['late/forgive/other-end', 'late/forgive/nothing-new'],
      "a's TCP gets no acknowledgements. After its timeout it may have one segment under way, the one it sends again; new heartbeats wait behind it. So b hears nothing new, on a way that is open.",
      (seen) => {
        const [doubted = null] = seen.map(asRange)
        return { choice: doubted === null ? 'no' : 'yes', observed: seenWords(seen) }
      },
    ),
}

const upFirst: Question = {
  id: 'up-first',
  text: 'Both said "down". One waits for the late answers, the other closes and connects anew at once. Who is up again first?',
  cells: ['late/forgive', 'late/reconnect'],
  choices: [
    { id: 'reconnect', text: 'who connects anew: why wait?' },
    { id: 'forgive', text: 'who waits, by far' },
    { id: 'same', text: 'both at the same moment' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['late/forgive/price', 'late/reconnect/price'],
      'A new connection takes the same way. Its SYN-ACK waits where the answers wait, so nothing was won, and what was under way on the old connection is lost.',
      (seen) => {
        const [waited, anew] = seen.map(asRange)
        if (typeof waited !== 'number' || typeof anew !== 'number')
          return { choice: null, observed: seenWords(seen) }
        const choice = Math.abs(waited - anew) <= SLACK_MS ? 'same' : waited < anew ? 'forgive' : 'reconnect'
        return { choice, observed: seenWords(seen) }
      },
    ),
}

const frozenAck: Question = {
  id: 'frozen-ack',
  text: 'It is not the network that is late but the program at the other end: it does not run for some seconds. When does the acknowledgement (ACK) of a heartbeat come?',
  cells: ['frozen/forgive'],
  choices: [
    { id: 'at-once', text: 'at once, as always' },
    { id: 'late', text: 'together with the answer, when the program runs again' },
    { id: 'never', text: 'never' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['frozen/forgive/ack'],
      "The ACK is the word of the other kernel: these bytes are with me. Whether a program will ever read them it does not know. A heartbeat's answer is the word of the program, and only that was late.",
      (seen) => {
        const [after] = seen.map(asRange)
        const choice = typeof after !== 'number' ? 'never' : after <= 2 * SLACK_MS ? 'at-once' : 'late'
        return { choice, observed: seenWords(seen) }
      },
    ),
}

const frozenConnect: Question = {
  id: 'frozen-connect',
  text: 'A client gives up on a frozen program, and connects to it anew. What becomes of the attempt?',
  cells: ['frozen/reconnect'],
  choices: [
    { id: 'refused', text: 'it is refused' },
    { id: 'waits', text: 'it waits until the program runs again' },
    { id: 'at-once', text: 'it succeeds at once' },
  ],
  answer: (_log, checks) =>
    answerFrom(
      checks,
      ['frozen/reconnect/price', 'frozen/reconnect/accepted'],
      'The handshake is between kernels: the program is asked when it calls accept(). So "connected" says nothing about it, and the new connection is doubted as the old one was.',
      (seen) => {
        const [connected] = seen.map(asRange)
        const choice = typeof connected !== 'number' ? 'refused' : connected <= SLACK_MS ? 'at-once' : 'waits'
        return { choice, observed: seenWords(seen) }
      },
    ),
}

function whichLimit({ stream: { intervalMs, jitterMs } }: LateSettings): Question {
  const rows = LIMITS_MS.map((limitMs) => `jitter/${limitRow(limitMs)}`)
  return {
    id: 'which-limit',
    text: `A heartbeat comes every ${intervalMs} ms and takes 0 to ${jitterMs} ms; none is lost. Which is the smallest limit that never suspects a living peer?`,
    cells: rows,
    choices: LIMITS_MS.map((limitMs) => ({ id: String(limitMs), text: `${limitMs} ms` })),
    answer: (_log, checks) =>
      answerFrom(
        checks,
        // A mistake that a late machine made has no duration there: the question is about jitter.
        rows.flatMap((row) => [`${row}/mistakes`, `${row}/duration`]),
        'One heartbeat may take no time and the next all of the jitter: the longest silence is interval + jitter. A limit below is wrong now and then, seldom or often, but for certain.',
        (seen) => {
          const durations = seen.filter(({ id }) => id.endsWith('/duration'))
          const counts = seen.filter(({ id }) => id.endsWith('/mistakes'))
          const never = durations.findIndex(({ observed }) => observed.value === null)
          const wrong = counts.map(({ observed }, index) => `${LIMITS_MS[index]} ms: ${observed.value}`)
          return {
            choice: never === -1 ? null : String(LIMITS_MS[never]),
            observed: `wrong suspicions by limit: ${wrong.join(', ')}`,
          }
        },
      ),
  }
}
