/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'

/** First what both ends go on believing, then the two jobs of keepalive apart, then the proxy. */
export const SHOW_FIRST = [
  'silent/client-first',
  'frozen/keepalive-below',
  'silent/keepalive-above',
  'proxy/front',
]

export const LESSONS: Readonly<Record<string, string>> = {
  'client-first': 'who is inside is lucky, told or left to wait: the router decides.',
  'server-first': 'nobody outside can make the router learn anew.',
  'keepalive-below': 'refreshes the router and finds dead kernels, not dead programs.',
  'keepalive-above': 'finds out that it is over, and comes too late to prevent it.',
  'udp-client-first': 'half a minute by default, and nobody is told.',
  'udp-server-first': 'a late answer is lost, and may move the client.',
  'udp-answered': 'with answers, after two seconds: a stream, two minutes.',
  'tcp-idle': 'five days by default, in this kernel; others forget sooner.',
  front: 'what it asks is the proxy, not the server.',
  back: 'here the news arrives, if it does, and here it may stay.',
}

export const questions: readonly Question[] = [
  {
    id: 'forgotten',
    text: 'A connection is idle for so long that the router between its ends forgets it. What do the two ends say now?',
    cells: ['silent/client-first'],
    choices: [
      { id: 'both-down', text: 'disconnected: the router closes it towards both' },
      { id: 'client-down', text: 'the client says disconnected, the server connected' },
      { id: 'both-up', text: 'connected, both of them' },
    ],
    answer(_log, checks) {
      return answerFrom(checks, ['silent/client-first/forgotten'], FORGOTTEN, ([one]) => {
        const words = String(one?.observed.value)
        const [client, server] = [words.includes('client up'), words.includes('server up')]
        return {
          choice: client ? (server ? 'both-up' : null) : server ? 'client-down' : 'both-down',
          observed: words,
        }
      })
    },
  },
  {
    id: 'default-router',
    text: 'The router has forgotten, with the settings that Linux has by default. Now the client writes. What happens?',
    cells: ['naive/client-first'],
    choices: [
      { id: 'reset', text: 'the client is told: connection reset' },
      { id: 'silence', text: 'nothing comes through, and after a while the client gives up' },
      { id: 'arrives', text: 'it arrives, as if nothing had been' },
    ],
    answer: (_log, checks) => spoken(checks, 'naive/client-first/spoke', DEFAULT_ROUTER),
  },
  {
    id: 'server-first',
    text: 'The same router, and now the server writes first on a connection that it has forgotten.',
    cells: ['naive/server-first'],
    choices: [
      { id: 'arrives', text: 'it arrives: the connection was made by the client, and is still open' },
      { id: 'reset', text: 'the server is told: connection reset' },
      { id: 'silence', text: 'nothing comes through, and after a while the server gives up' },
    ],
    answer: (_log, checks) => spoken(checks, 'naive/server-first/spoke', SERVER_FIRST),
  },
  {
    id: 'silent-router',
    text: 'Another router drops what it does not know. The client writes on the forgotten connection. What does its program see?',
    cells: ['silent/client-first'],
    choices: [
      { id: 'at-once', text: 'write() fails at once' },
      { id: 'reset', text: 'a moment later: connection reset' },
      { id: 'silence', text: 'seconds later (by default a quarter of an hour): timed out' },
      { id: 'arrives', text: 'TCP sends again until it arrives' },
    ],
    answer: (_log, checks) => spoken(checks, 'silent/client-first/spoke', SILENT_ROUTER),
  },
  {
    id: 'keepalive-frozen',
    text: 'TCP keepalive every second; the router would forget after four. The program of the server hangs. Which of the two jobs of keepalive is done?',
    cells: ['frozen/keepalive-below'],
    choices: [
      { id: 'both', text: 'both: the router goes on remembering, and the client notices the dead program' },
      { id: 'refreshes', text: 'the router goes on remembering; nobody notices the program' },
      { id: 'notices', text: 'the client notices; and since nobody answers, the router forgets' },
    ],
    answer: (_log, checks) =>
      twoJobs(checks, 'frozen/keepalive-below/refreshed', 'frozen/keepalive-below/unnoticed', FROZEN),
  },
  {
    id: 'keepalive-late',
    text: 'Keepalive begins after six seconds of silence; the router forgets after four. Which of the two jobs is done?',
    cells: ['silent/keepalive-above'],
    choices: [
      { id: 'both', text: 'both: the probe wakes the router up again, and the other end answers' },
      {
        id: 'notices',
        text: 'the client notices that the connection is over, which the probe could not prevent',
      },
      { id: 'neither', text: 'neither: both ends stay connected for ever' },
    ],
    answer: (_log, checks) =>
      twoJobs(checks, 'silent/keepalive-above/forgotten', 'silent/keepalive-above/noticed', LATE),
  },
  {
    id: 'udp-port',
    text: 'A client sent one datagram; the router forgot. Then the server answers, late, and after that the client sends again. How does the server see the client?',
    cells: ['udp/udp-server-first'],
    choices: [
      { id: 'same', text: 'as before: it has the same socket and the same port' },
      { id: 'moved', text: 'from another port, as if it were somebody else' },
      { id: 'not', text: 'not at all: the router knows the client no more' },
    ],
    answer(_log, checks) {
      const ids = ['udp/udp-server-first/seen-from', 'udp/udp-server-first/late-answer']
      return answerFrom(checks, ids, UDP_PORT, ([seen, late]) => {
        const choices: Record<string, string> = {
          'the same port': 'same',
          'another port': 'moved',
          'not at all': 'not',
        }
        return {
          choice: choices[String(seen?.observed.value)] ?? null,
          observed: `${seen?.because} (${seen?.observed.value}); of the late answer the client saw ${late && observationWords(late)}`,
        }
      })
    },
  },
  {
    id: 'proxy',
    text: 'Between client and server stands a proxy. The server is killed. The client has TCP keepalive on, and waits. What does it notice?',
    cells: ['proxy/front'],
    choices: [
      { id: 'told', text: 'the end of the connection, at once: SIGKILL closes it' },
      { id: 'keepalive', text: 'nothing at first; then its keepalive stays unanswered' },
      { id: 'nothing', text: 'nothing: its keepalive is answered, by somebody else' },
    ],
    answer(_log, checks) {
      return answerFrom(checks, ['proxy/front/unnoticed'], PROXY, ([one]) => ({
        choice:
          one?.observed.value === null
            ? 'nothing'
            : one?.observed.value === 'etimedout'
              ? 'keepalive'
              : 'told',
        observed: `${one && observationWords(one)}; ${one?.because}`,
      }))
    },
  },
]

/** What the one that spoke first was told. */
function spoken(checks: readonly Check[], id: string, explanation: string) {
  return answerFrom(checks, [id], explanation, ([one]) => {
    const how = one?.because.split(',')[0] ?? ''
    const choices: Record<string, string> = { received: 'arrives', econnreset: 'reset', etimedout: 'silence' }
    return { choice: choices[how] ?? null, observed: `${how} after ${one && observationWords(one)}` }
  })
}

/** Whether the router went on remembering, and whether anybody noticed. */
function twoJobs(checks: readonly Check[], router: string, noticing: string, explanation: string) {
  return answerFrom(checks, [router, noticing], explanation, ([kept, noticed]) => {
    const remembers = String(kept?.observed.value).includes('router ESTABLISHED')
    const notices = noticed?.observed.value !== null
    return {
      choice: remembers ? (notices ? 'both' : 'refreshes') : notices ? 'notices' : 'neither',
      observed: `${kept?.observed.value}; the client noticed ${noticed && observationWords(noticed)}`,
    }
  })
}

const FORGOTTEN =
  'The router is no end of the connection and has nobody to say goodbye to: it drops a line from a table. What the two ends have are entries of their own, and nothing came to change them.'
const DEFAULT_ROUTER =
  'nf_conntrack_tcp_loose lets a router learn a connection anew from a segment in its middle, and the client keeps its port where that is free. So a lab with such a router shows no failure, and proves nothing about the others.'
const SERVER_FIRST =
  'Who is outside speaks to the address of the router. Only the table said which host inside is meant; without it the segment is for the router itself, whose kernel knows no such connection and answers RST.'
const SILENT_ROUTER =
  'write() hands bytes to the own kernel, which knows no trouble. The segment vanishes, is sent again and again, and when the patience of that kernel (tcp_retries2) is used up the program hears of it: by a timeout, which does not say where the trouble is.'
const FROZEN =
  'A probe is a packet, and every packet that passes makes the router begin its time anew. It is answered by a kernel, which goes on without the program. To refresh what the boxes in the middle remember and to notice that somebody hangs are two jobs; the second one takes a question that the program itself has to answer.'
const LATE =
  'The probe came two seconds after the router had forgotten, and was dropped like anything else. So keepalive could only report the loss. To prevent it, its interval must be shorter than the shortest memory on the way, which nobody tells you.'
const UDP_PORT =
  'The late answer was for the router itself, which refused it, and remembered having seen it: a packet to just that port of its own. So the port was taken when the client spoke again, and the router chose another. A server that knows its clients by address and port takes it for a stranger.'
const PROXY =
  'Keepalive asks the kernel at the other end of this TCP connection, and that is the one of the proxy. What became of the server is known on another connection; whether the proxy passes that on is its own affair.'
