/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'

/** To a person what takes less is at once. */
const AT_ONCE_MS = 1000

/** The choice for what was told at once, for what was told later, and for what never was. */
function byTime({ observed: { value } }: Check, atOnce: string, later: string, never: string): string {
  if (typeof value !== 'number') return never
  return value < AT_ONCE_MS ? atOnce : later
}

const number = (check: Check) => Number(seen(check))
const pongWords = (check: Check) => `${seen(check)} of them were answered: ${check.because}`

export const questions: readonly Question[] = [
  question({
    id: 'ready-state',
    text: 'The cable of a laptop is cut. A page has an open WebSocket on which nobody writes. What does readyState say nine seconds later?',
    choices: [
      { id: 'closed', text: 'closed: the browser watches its connections' },
      { id: 'closing', text: 'closing: it has asked and waits for an answer' },
      { id: 'open', text: 'open' },
    ],
    checks: ['cut/page/idle-open'],
    answer: ([open]) => ({
      choice: String(seen(open)),
      observed: `${seen(open)}; ${open.because}`,
    }),
    explanation:
      'readyState says what this end has done and what it was told: no more. On a dead line nobody says anything, and nobody asks. Chromium has TCP keepalive on, which would ask after 45 seconds; WebSocket itself never asks, and a page has no ping.',
  }),
  question({
    id: 'write',
    text: 'On the dead line the page calls send(). What does it learn, and when?',
    choices: [
      { id: 'at-once', text: 'send() throws, or an error event comes at once' },
      {
        id: 'later',
        text: 'nothing, until its kernel gives up: seconds here, a quarter of an hour by default',
      },
      { id: 'buffered', text: 'bufferedAmount grows: you can see that nothing gets through' },
    ],
    checks: ['cut/page/write-told', 'cut/page/write-open'],
    answer([told, open]) {
      const observed = `close event after ${words(told)}; until then ${seen(open)}`
      if (!String(seen(open)).endsWith(' 0 bytes')) return { choice: 'buffered', observed }
      return { choice: seen(told) === null ? null : byTime(told, 'at-once', 'later', ''), observed }
    },
    explanation:
      'The kernel takes the bytes at once, and from then on only the kernel knows that nobody acknowledges them. It sends them again, and tells the browser when its patience (tcp_retries2) is used up: code 1006, which means that nobody said goodbye. bufferedAmount is what the kernel has not taken.',
  }),
  question({
    id: 'close',
    text: 'On the dead line the page calls close() instead. When does its close event come?',
    choices: [
      { id: 'at-once', text: 'at once: closing takes only one end' },
      { id: 'later', text: 'when its kernel gives up: close() waits for an answer' },
      { id: 'never', text: 'not at all' },
    ],
    checks: ['cut/page/close-told'],
    answer: ([told]) => ({
      choice: byTime(told, 'at-once', 'later', 'never'),
      observed: `after ${words(told)}`,
    }),
    explanation:
      'close() is a message too: a close frame, and the answer to it is awaited (RFC 6455 section 7.1.3). A page has no terminate(). So it should count a connection that it has closed as gone, and not wait for the event before it opens another one.',
  }),
  question({
    id: 'hanging-page',
    text: 'The script of a page hangs in an endless loop. The server sends WebSocket pings. Who answers?',
    choices: [
      { id: 'nobody', text: 'nobody: the page hangs' },
      { id: 'browser', text: 'the browser; the server notices nothing' },
      { id: 'after', text: 'the page, as soon as it is free again' },
    ],
    checks: ['upgrade/page/blocked-pongs'],
    answer: ([pongs]) => ({ choice: number(pongs) > 0 ? 'browser' : 'nobody', observed: pongWords(pongs) }),
    explanation:
      'In Chromium sockets belong to another process, which answers pings without asking the page. A pong proves that the browser is there. To find out whether a page hangs, the page itself has to answer: with a message.',
  }),
  question({
    id: 'busy-program',
    text: 'A Node program with the library ws computes for two seconds without a pause. Who answers the pings meanwhile?',
    choices: [
      { id: 'nobody', text: 'nobody' },
      { id: 'library', text: 'the library: it answers by itself' },
      { id: 'kernel', text: 'the kernel: pings are below the program' },
    ],
    checks: ['upgrade/ws/blocked-pongs'],
    answer: ([pongs]) => ({ choice: number(pongs) > 0 ? 'library' : 'nobody', observed: pongWords(pongs) }),
    explanation:
      'The library answers without your help, but in your thread: while that computes, the pings wait in the kernel. So here a pong proves more than it does of a page, and a long computation looks like a dead peer.',
  }),
  question({
    id: 'sleep',
    text: 'A laptop sleeps for four seconds. After two the server has missed enough pongs and gives the connection up. When does the page learn of it?',
    choices: [
      { id: 'waking', text: 'as soon as it wakes up' },
      { id: 'writing', text: 'when it next writes something' },
      { id: 'never', text: 'not at all: its readyState stays open' },
    ],
    checks: ['laptop/page/woke-told'],
    answer: ([told]) => ({
      choice: byTime(told, 'waking', 'writing', 'never'),
      observed: `${words(told)} after it woke up; ${told.because}`,
    }),
    explanation:
      'The goodbye of the server arrived while the browser slept: a kernel took it, and it is the first thing that the browser reads. Had the network slept too, as it does in a real laptop, nothing would have arrived, and the page would go on believing.',
  }),
  question({
    id: 'address',
    text: 'The laptop wakes up in another network and has another address. The browser fires offline and online. And its WebSocket?',
    choices: [
      { id: 'closed', text: 'is closed at once: the browser knows that its address is gone' },
      { id: 'moves', text: 'goes on from the new address' },
      { id: 'open', text: 'says open until somebody writes, and a while longer' },
    ],
    checks: ['laptop/page/moved-open', 'laptop/page/moved-told'],
    answer([open, told]) {
      const observed = `${seen(open)}, ${open.because}; then over ${words(told)} after a write`
      if (seen(open) !== 'open') return { choice: 'closed', observed }
      return { choice: seen(told) === null ? 'moves' : 'open', observed }
    },
    explanation:
      'A TCP connection is named by its two addresses and ports. The old name stays in the table of the kernel, though no packet can leave from it. Nobody is told, since nothing is sent. online and offline are about the host: a good reason to ask the server something at once.',
  }),
  question({
    id: 'storm',
    text: 'A server with fifty clients is killed. Each client waits one second, then two, then gets it back: exponential backoff. How do they come?',
    choices: [
      { id: 'spread', text: 'spread: each of them counts from its own moment' },
      { id: 'together', text: 'all within a tenth of a second, each time' },
      { id: 'once', text: 'together at first; the doubling then pulls them apart' },
    ],
    checks: ['storm/lockstep/peak', 'storm/lockstep/attempts'],
    answer([peak, attempts]) {
      const rounds = number(attempts) / CLIENTS
      const observed = `${number(peak)} SYNs in the fullest 100 ms, in ${rounds} rounds; ${peak.because}`
      if (number(peak) < CLIENTS / 2) return { choice: 'spread', observed }
      const isLastWhole = peak.because.endsWith(`: ${CLIENTS}`)
      return { choice: isLastWhole ? 'together' : 'once', observed }
    },
    explanation:
      'They lost the server at the same moment, and all of them wait for the same time. Doubling makes the rounds rarer and keeps them as full. Chance pulls them apart: full jitter draws each wait from 0 up to that bound.',
  }),
]

const CLIENTS = 50
