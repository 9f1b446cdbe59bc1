/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'

export const LESSONS: Readonly<Record<string, string>> = {
  ws: 'the library answers pings in your thread; terminate() asks nobody.',
  page: 'no ping, no terminate(): it learns what its kernel or its own messages tell.',
  lockstep: 'doubling without chance: all of them knock together, each time.',
  jitter: 'the same bounds, drawn from: they come one by one.',
  session: 'connections come and go; the session loses and doubles nothing.',
}

export const questions: readonly Question[] = [
  {
    id: 'ready-state',
    text: 'The cable of a laptop is cut. A page has an open WebSocket on which nobody writes. What does readyState say nine seconds later?',
    cells: ['cut/page'],
    choices: [
      { id: 'closed', text: 'closed: the browser watches its connections' },
      { id: 'closing', text: 'closing: it has asked and waits for an answer' },
      { id: 'open', text: 'open' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['cut/page/idle-open'], READY_STATE, ([one]) => ({
        choice: String(one?.observed.value),
        observed: `${one?.observed.value}; ${one?.because}`,
      })),
  },
  {
    id: 'write',
    text: 'On the dead line the page calls send(). What does it learn, and when?',
    cells: ['cut/page'],
    choices: [
      { id: 'at-once', text: 'send() throws, or an error event comes at once' },
      {
        id: 'later',
        text: 'nothing, until its kernel gives up: seconds here, a quarter of an hour by default',
      },
      { id: 'buffered', text: 'bufferedAmount grows: one sees that nothing gets through' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['cut/page/write-told', 'cut/page/write-open'], WRITE, ([told, open]) => {
        const afterMs = told?.observed.value
        const grows = !String(open?.observed.value).endsWith(' 0 bytes')
        return {
          choice: grows
            ? 'buffered'
            : typeof afterMs !== 'number'
              ? null
              : afterMs < 1000
                ? 'at-once'
                : 'later',
          observed: `close event after ${told && observationWords(told)}; until then ${open?.observed.value}`,
        }
      }),
  },
  {
    id: 'close',
    text: 'On the dead line the page calls close() instead. When does its close event come?',
    cells: ['cut/page'],
    choices: [
      { id: 'at-once', text: 'at once: whoever closes needs nobody for it' },
      { id: 'later', text: 'when its kernel gives up: close() waits for an answer' },
      { id: 'never', text: 'not at all' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['cut/page/close-told'], CLOSE, ([told]) => {
        const afterMs = told?.observed.value
        return {
          choice: typeof afterMs !== 'number' ? 'never' : afterMs < 1000 ? 'at-once' : 'later',
          observed: `after ${told && observationWords(told)}`,
        }
      }),
  },
  {
    id: 'hanging-page',
    text: 'The script of a page hangs in an endless loop. The server sends WebSocket pings. Who answers?',
    cells: ['upgrade/page'],
    choices: [
      { id: 'nobody', text: 'nobody: the page hangs' },
      { id: 'browser', text: 'the browser; the server notices nothing' },
      { id: 'after', text: 'the page, as soon as it is free again' },
    ],
    answer: (_log, checks) =>
      answered(checks, 'upgrade/page/blocked-pongs', HANGING_PAGE, 'browser', 'nobody'),
  },
  {
    id: 'busy-program',
    text: 'A Node program with the library ws computes for two seconds without a pause. Who answers the pings meanwhile?',
    cells: ['upgrade/ws'],
    choices: [
      { id: 'nobody', text: 'nobody' },
      { id: 'library', text: 'the library: it answers by itself' },
      { id: 'kernel', text: 'the kernel: pings are below the program' },
    ],
    answer: (_log, checks) => answered(checks, 'upgrade/ws/blocked-pongs', BUSY_PROGRAM, 'library', 'nobody'),
  },
  {
    id: 'sleep',
    text: 'A laptop sleeps for four seconds. After two the server has missed enough pongs and gives the connection up. When does the page learn it?',
    cells: ['laptop/page'],
    choices: [
      { id: 'waking', text: 'as soon as it wakes up' },
      { id: 'writing', text: 'when it next writes something' },
      { id: 'never', text: 'not at all: its readyState stays open' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['laptop/page/woke-told'], SLEEP, ([told]) => {
        const afterMs = told?.observed.value
        return {
          choice: typeof afterMs !== 'number' ? 'never' : afterMs < 1000 ? 'waking' : 'writing',
          observed: `${told && observationWords(told)} after it woke up; ${told?.because}`,
        }
      }),
  },
  {
    id: 'address',
    text: 'The laptop wakes up in another network and has another address. The browser fires offline and online. And its WebSocket?',
    cells: ['laptop/page'],
    choices: [
      { id: 'closed', text: 'is closed at once: the browser knows that its address is gone' },
      { id: 'moves', text: 'goes on from the new address' },
      { id: 'open', text: 'says open until somebody writes, and a while longer' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['laptop/page/moved-open', 'laptop/page/moved-told'], ADDRESS, ([open, told]) => ({
        choice: open?.observed.value !== 'open' ? 'closed' : told?.observed.value === null ? 'moves' : 'open',
        observed: `${open?.observed.value}, ${open?.because}; then over ${told && observationWords(told)} after a write`,
      })),
  },
  {
    id: 'storm',
    text: 'A server with fifty clients is killed. Each client waits one second, then two, then gets it back: exponential backoff. How do they come?',
    cells: ['storm/lockstep'],
    choices: [
      { id: 'spread', text: 'spread: each of them counts from its own moment' },
      { id: 'together', text: 'all within a tenth of a second, each time' },
      { id: 'once', text: 'together at first; the doubling then pulls them apart' },
    ],
    answer: (_log, checks) =>
      answerFrom(checks, ['storm/lockstep/peak', 'storm/lockstep/attempts'], STORM, ([peak, attempts]) => {
        const most = Number(peak?.observed.value)
        const rounds = Number(attempts?.observed.value) / CLIENTS
        const last = (peak?.because.split(': ').at(-1) ?? '') === String(CLIENTS)
        return {
          choice: most < CLIENTS / 2 ? 'spread' : last ? 'together' : 'once',
          observed: `${most} SYNs in the fullest 100 ms, in ${rounds} rounds; ${peak?.because}`,
        }
      }),
  },
]

const CLIENTS = 50

/** Whether pings were answered while the client could not run. */
function answered(checks: readonly Check[], id: string, explanation: string, yes: string, no: string) {
  return answerFrom(checks, [id], explanation, ([one]) => ({
    choice: Number(one?.observed.value) > 0 ? yes : no,
    observed: `${one?.observed.value} of them were answered: ${one?.because}`,
  }))
}

const READY_STATE =
  'readyState says what this end has done and what it was told: no more. On a dead line nobody tells anything, and nobody asks. Chromium has TCP keepalive on, which would ask after 45 seconds; WebSocket itself never asks, and a page has no ping.'
const WRITE =
  'The kernel takes the bytes at once, and from then on only the kernel knows that nobody acknowledges them. It sends them again, and tells the browser when its patience (tcp_retries2) is used up: code 1006, which means that nobody said goodbye. bufferedAmount is what the kernel has not taken.'
const CLOSE =
  'close() is a message too: a close frame, and the answer to it is awaited (RFC 6455 section 7.1.3). A page has no terminate(). So it should count a connection that it has closed as gone, and not wait for the event before it opens another one.'
const HANGING_PAGE =
  'In Chromium sockets belong to another process, which answers pings without asking the page. A pong proves that the browser is there. To find out whether a page hangs, the page itself has to answer: with a message.'
const BUSY_PROGRAM =
  'The library answers without your help, but in your thread: while that computes, the pings wait in the kernel. So here a pong proves more than it does of a page, and a long computation looks like a dead peer.'
const SLEEP =
  'The goodbye of the server arrived while the browser slept: a kernel took it, and it is the first thing that the browser reads. Had the network slept too, as it does in a real laptop, nothing would have arrived, and the page would go on believing.'
const ADDRESS =
  'A TCP connection is named by its two addresses and ports. The old name stays in the table of the kernel, though no packet can leave from it. Nobody is told, since nothing is sent. What online and offline say is about the host: a good reason to ask the server something at once.'
const STORM =
  'They lost the server at the same moment, and all of them wait for the same time. Doubling makes the rounds rarer and keeps them as full. Chance pulls them apart: full jitter draws each wait from 0 up to that bound.'
