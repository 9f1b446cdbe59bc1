/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Check, SLACK_MS } from '../../src/lab/checks.ts'
import { observationWords, type Question } from '../../src/lab/predict.ts'
import { question } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
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

/** Null where it is none: nothing came, or something else did. */
const numberOf = ({ observed }: Check) => (typeof observed.value === 'number' ? observed.value : null)
const seenWords = (checks: readonly Check[]) =>
  checks.map((check) => `${check.claim}: ${observationWords(check)}`).join('; ')

const lateAck = ({ heartbeat: { downAfterMs }, stallMs }: LateSettings) =>
  question({
    id: 'late-ack',
    text: `A program hears nothing for ${duration(downAfterMs, 1)} and closes its connection. The answers come ${duration(stallMs.late - downAfterMs, 1)} later. What does its operating system send?`,
    choices: [
      { id: 'syn', text: 'SYN: it establishes the connection again, since the peer is alive after all' },
      { id: 'ack', text: 'an ordinary acknowledgement; the program is told that its peer is back' },
      { id: 'rst', text: 'RST: it no longer knows such a connection' },
      { id: 'nothing', text: 'nothing: what comes too late is thrown away' },
    ],
    checks: ['late/close/late-meets-rst', 'late/close/no-syn'],
    answer(seen) {
      const observed = seenWords(seen)
      const [resets, syns] = seen.map(numberOf)
      if ((syns ?? 0) > 0) return { choice: 'syn', observed }
      if (typeof resets !== 'number') return { choice: null, observed }
      return { choice: resets > 0 ? 'rst' : 'nothing', observed }
    },
    explanation:
      'A kernel never opens a connection: only a program does, by connect(). What belongs to no connection that a program still has is answered with RST, so that the other end does not go on believing.',
  })

const forgiven = question({
  id: 'forgiven',
  text: 'Another program has said "down" too, and closed nothing. Now the late answers come. What must happen before the connection can be used?',
  choices: [
    { id: 'handshake', text: 'a new handshake: SYN, SYN-ACK, ACK' },
    { id: 'resume', text: 'the two programs must agree on where they were interrupted' },
    { id: 'nothing', text: 'nothing: it was there all along' },
    { id: 'never', text: 'it cannot be used again' },
  ],
  checks: ['late/forgive/forgiven', 'late/forgive/no-syn'],
  answer(seen) {
    const observed = seenWords(seen)
    const [up, syns] = seen.map(numberOf)
    if (up === null) return { choice: 'never', observed }
    return { choice: (syns ?? 0) > 0 ? 'handshake' : 'nothing', observed }
  },
  explanation:
    '"Down" was a word in one program. Its kernel had an entry that said ESTABLISHED and bytes to send again; it sent them until they were acknowledged, and lost nothing.',
})

const whoDoubts = question({
  id: 'who-doubts',
  text: 'The way back stands still. Who does something about the missing acknowledgement first?',
  choices: [
    { id: 'application', text: "the application, by its heartbeat's limit" },
    { id: 'tcp', text: 'TCP: it sends the bytes again, and tells nobody' },
    { id: 'keepalive', text: 'the operating system, by keepalive, after hours' },
  ],
  checks: ['late/forgive/tcp-doubt', 'late/forgive/suspect'],
  answer(seen) {
    const observed = seenWords(seen)
    // Both count from what was lost: TCP from the stall, the application from what it heard before.
    const [tcp, application] = seen.map(numberOf)
    if (typeof application !== 'number') return { choice: null, observed }
    return { choice: typeof tcp === 'number' && tcp < application ? 'tcp' : 'application', observed }
  },
  explanation:
    'Retransmission is how TCP doubts: after about 200 ms on a short path, and then after twice as long each time. The program is told only when the kernel gives up, which by default takes a quarter of an hour.',
})

const otherEnd = question({
  id: 'other-end',
  text: 'Only the way from b to a stands still; from a to b all is well. Does b begin to doubt a?',
  choices: [
    { id: 'no', text: 'no: everything from a arrives, as before' },
    { id: 'yes', text: 'yes, it doubts a as well' },
  ],
  checks: ['late/forgive/other-end', 'late/forgive/nothing-new'],
  answer: (seen) => ({ choice: numberOf(seen[0]) === null ? 'no' : 'yes', observed: seenWords(seen) }),
  explanation:
    "a's TCP gets no acknowledgements. After its timeout it may have one segment under way, the one it sends again; new heartbeats wait behind it. So b hears nothing new, although the way to it is open.",
})

const upFirst = question({
  id: 'up-first',
  text: 'Both said "down". One waits for the late answers; the other closes, and at once makes a new connection. Who is up again first?',
  choices: [
    { id: 'reconnect', text: 'the one with the new connection: why wait?' },
    { id: 'forgive', text: 'the one that waits, by far' },
    { id: 'same', text: 'both at the same moment' },
  ],
  checks: ['late/forgive/price', 'late/reconnect/price'],
  answer(seen) {
    const observed = seenWords(seen)
    const [waited, anew] = seen.map(numberOf)
    if (typeof waited !== 'number' || typeof anew !== 'number') return { choice: null, observed }
    if (Math.abs(waited - anew) <= SLACK_MS) return { choice: 'same', observed }
    return { choice: waited < anew ? 'forgive' : 'reconnect', observed }
  },
  explanation:
    'A new connection takes the same way. Its SYN-ACK waits where the answers wait, so nothing was gained, and what was under way on the old connection is lost.',
})

const frozenAck = question({
  id: 'frozen-ack',
  text: 'It is not the network that is late but the program at the other end: it does not run for some seconds. When does the acknowledgement (ACK) of a heartbeat come?',
  choices: [
    { id: 'at-once', text: 'at once, as always' },
    { id: 'late', text: 'together with the answer, when the program runs again' },
    { id: 'never', text: 'never' },
  ],
  checks: ['frozen/forgive/ack'],
  answer(seen) {
    const observed = seenWords(seen)
    const afterMs = numberOf(seen[0])
    if (afterMs === null) return { choice: 'never', observed }
    return { choice: afterMs <= 2 * SLACK_MS ? 'at-once' : 'late', observed }
  },
  explanation:
    "The ACK is the word of the other kernel: I have these bytes. It does not know whether a program will ever read them. A heartbeat's answer is the word of the program, and only that was late.",
})

const frozenConnect = question({
  id: 'frozen-connect',
  text: 'A client gives up on a frozen program, and connects to it again. What becomes of the attempt?',
  choices: [
    { id: 'refused', text: 'it is refused' },
    { id: 'waits', text: 'it waits until the program runs again' },
    { id: 'at-once', text: 'it succeeds at once' },
  ],
  checks: ['frozen/reconnect/price', 'frozen/reconnect/accepted'],
  answer(seen) {
    const observed = seenWords(seen)
    const connectedMs = numberOf(seen[0])
    if (connectedMs === null) return { choice: 'refused', observed }
    return { choice: connectedMs <= SLACK_MS ? 'at-once' : 'waits', observed }
  },
  explanation:
    'The handshake is between kernels: the program is asked when it calls accept(). So "connected" says nothing about it, and the new connection comes to be doubted just as the old one was.',
})

const whichLimit = ({ stream: { intervalMs, jitterMs } }: LateSettings) =>
  question({
    id: 'which-limit',
    text: `A heartbeat comes every ${intervalMs} ms and takes 0 to ${jitterMs} ms; none is lost. Which is the smallest limit that never suspects a living peer?`,
    choices: LIMITS_MS.map((limitMs) => ({ id: String(limitMs), text: `${limitMs} ms` })),
    // A mistake that a late machine made has no duration there: the question is about jitter.
    checks: LIMITS_MS.flatMap((limitMs) =>
      ['mistakes', 'duration'].map((what) => `jitter/${limitRow(limitMs)}/${what}`),
    ),
    answer(seen) {
      const durations = seen.filter(({ id }) => id.endsWith('/duration'))
      const counts = seen.filter(({ id }) => id.endsWith('/mistakes'))
      const never = LIMITS_MS.find((_, index) => durations[index]?.observed.value === null)
      const wrong = counts.map(({ observed }, index) => `${LIMITS_MS[index]} ms: ${observed.value}`)
      return {
        choice: never === undefined ? null : String(never),
        observed: `wrong suspicions by limit: ${wrong.join(', ')}`,
      }
    },
    explanation:
      'One heartbeat may take no time and the next all of the jitter: the longest silence is interval + jitter. Any shorter limit is wrong now and then, rarely or often, but certainly.',
  })
