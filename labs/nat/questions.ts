/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import { observationWords, type Question } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'

const forgotten = question({
  id: 'forgotten',
  text: 'A connection has been idle for so long that the router between its ends forgets it. What do the two ends say now?',
  choices: [
    { id: 'both-down', text: 'disconnected: the router closes it towards both' },
    { id: 'client-down', text: 'the client says disconnected, the server connected' },
    { id: 'both-up', text: 'connected, both of them' },
  ],
  checks: ['silent/client-first/forgotten'],
  answer([both]) {
    const observed = observedWords(both)
    if (!observed.includes('server up')) {
      return { choice: observed.includes('client up') ? null : 'both-down', observed }
    }
    return { choice: observed.includes('client up') ? 'both-up' : 'client-down', observed }
  },
  explanation:
    'The router is not an end of the connection and has nobody to say goodbye to: it drops a line from a table. The two ends have entries of their own, and nothing came to change them.',
})

const defaultRouter = question({
  id: 'default-router',
  text: 'The router has forgotten, with the settings that Linux has by default. Now the client writes. What happens?',
  choices: [
    { id: 'reset', text: 'the client is told: connection reset' },
    { id: 'silence', text: 'nothing comes through, and after a while the client gives up' },
    { id: 'arrives', text: 'it arrives, as if nothing had happened' },
  ],
  checks: ['naive/client-first/spoke'],
  answer: ([spoke]) => met(spoke),
  explanation:
    'nf_conntrack_tcp_loose lets a router learn a connection anew from a segment in its middle, and the client keeps its port where that is free. So a lab with such a router shows no failure, and proves nothing about the others.',
})

const serverFirst = question({
  id: 'server-first',
  text: 'The same router, and now the server writes first on a connection that the router has forgotten.',
  choices: [
    { id: 'arrives', text: 'it arrives: the connection was made by the client, and is still open' },
    { id: 'reset', text: 'the server is told: connection reset' },
    { id: 'silence', text: 'nothing comes through, and after a while the server gives up' },
  ],
  checks: ['naive/server-first/spoke'],
  answer: ([spoke]) => met(spoke),
  explanation:
    'The server outside speaks to the address of the router. Only the table said which host inside is meant; without it the segment is for the router itself, whose kernel knows no such connection and answers RST.',
})

const silentRouter = question({
  id: 'silent-router',
  text: 'Another router drops what it does not know. The client writes on the forgotten connection. What does its program see?',
  choices: [
    { id: 'at-once', text: 'write() fails at once' },
    { id: 'reset', text: 'a moment later: connection reset' },
    { id: 'silence', text: 'seconds later (by default a quarter of an hour): timed out' },
    { id: 'arrives', text: 'TCP sends again until it arrives' },
  ],
  checks: ['silent/client-first/spoke'],
  answer: ([spoke]) => met(spoke),
  explanation:
    'write() hands bytes to its own kernel, which knows of no trouble. The segment vanishes, is sent again and again, and when the patience of that kernel (tcp_retries2) is used up, the program hears of it: by a timeout, which does not say where the trouble is.',
})

const keepaliveFrozen = question({
  id: 'keepalive-frozen',
  text: 'TCP keepalive every second; the router would forget after four. The program of the server hangs. Which of the two jobs of keepalive is done?',
  choices: [
    { id: 'both', text: 'both: the router goes on remembering, and the client notices the dead program' },
    { id: 'refreshes', text: 'the router goes on remembering; nobody notices the program' },
    { id: 'notices', text: 'the client notices; and since nobody answers, the router forgets' },
  ],
  checks: ['frozen/keepalive-below/refreshed', 'frozen/keepalive-below/unnoticed'],
  answer: ([kept, noticed]) => jobs(kept, noticed),
  explanation:
    'A probe is a packet, and every packet that passes makes the router restart its clock. The probe is answered by a kernel, which goes on without the program. Refreshing what the boxes in the middle remember is one job, and noticing that a program hangs is another; the second takes a question that the program itself has to answer.',
})

const keepaliveLate = question({
  id: 'keepalive-late',
  text: 'Keepalive begins after six seconds of silence; the router forgets after four. Which of the two jobs is done?',
  choices: [
    { id: 'both', text: 'both: the probe wakes the router up again, and the other end answers' },
    {
      id: 'notices',
      text: 'the client notices that the connection is over, which the probe could not prevent',
    },
    { id: 'neither', text: 'neither: both ends stay connected for ever' },
  ],
  checks: ['silent/keepalive-above/forgotten', 'silent/keepalive-above/noticed'],
  answer: ([kept, noticed]) => jobs(kept, noticed),
  explanation:
    'The probe came two seconds after the router had forgotten, and was dropped like anything else. So keepalive could only report the loss. To prevent it, its interval must be shorter than the shortest memory on the path, and nobody tells you how short that is.',
})

const udpPort = question({
  id: 'udp-port',
  text: 'A client sent one datagram; the router forgot. Then the server answers, late, and after that the client sends again. How does the server see the client?',
  choices: [
    { id: 'same', text: 'as before: it has the same socket and the same port' },
    { id: 'moved', text: 'from another port, as if it were somebody else' },
    { id: 'not', text: 'not at all: the router no longer knows the client' },
  ],
  checks: ['udp/udp-server-first/seen-from', 'udp/udp-server-first/late-answer'],
  answer([from, late]) {
    const choices: Record<string, string> = { 'the same port': 'same', 'another port': 'moved' }
    const how = observedWords(from)
    return {
      choice: choices[how] ?? 'not',
      observed: `${from.because} (${how}); of the late answer the client saw ${observationWords(late)}`,
    }
  },
  explanation:
    'The late answer was for the router itself, which refused it, and remembered having seen it: a packet to that very port of its own. So the port was taken when the client spoke again, and the router chose another. A server that knows its clients by address and port takes this one for a stranger.',
})

const proxy = question({
  id: 'proxy',
  text: 'Between client and server stands a proxy. The server is killed. The client has TCP keepalive on, and waits. What does it notice?',
  choices: [
    { id: 'told', text: 'the end of the connection, at once: SIGKILL closes it' },
    { id: 'keepalive', text: 'nothing at first; then its keepalive stays unanswered' },
    { id: 'nothing', text: 'nothing: its keepalive is answered, by somebody else' },
  ],
  checks: ['proxy/front/unnoticed'],
  answer([one]) {
    const choices: Record<string, string> = { GHOST: 'nothing', TIMEOUT: 'keepalive', TOLD: 'told' }
    return { choice: choices[one.short ?? ''] ?? null, observed: `${observationWords(one)}; ${one.because}` }
  },
  explanation:
    'Keepalive asks the kernel at the other end of this TCP connection, and that is the kernel of the proxy. What became of the server is known on another connection; whether the proxy passes that on is its own affair.',
})

export const questions: readonly Question[] = [
  forgotten,
  defaultRouter,
  serverFirst,
  silentRouter,
  keepaliveFrozen,
  keepaliveLate,
  udpPort,
  proxy,
]

/** What the end that spoke first was told. */
function met(spoke: Check) {
  const choices: Record<string, string> = { KEEPS: 'arrives', RST: 'reset', TIMEOUT: 'silence' }
  return {
    choice: choices[spoke.short ?? ''] ?? null,
    observed: `${spoke.because} after ${observationWords(spoke)}`,
  }
}

/** Whether the router went on remembering, and whether anybody noticed. */
function jobs(kept: Check, noticed: Check) {
  const observed = `${observedWords(kept)}; the client noticed ${observationWords(noticed)}`
  if (!observedWords(kept).includes('router ESTABLISHED')) {
    return { choice: seen(noticed) === null ? 'neither' : 'notices', observed }
  }
  return { choice: seen(noticed) === null ? 'refreshes' : 'both', observed }
}
