/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { observationWords, type Question } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { TcpSettings } from './conditions.ts'

export function questionsOf(plan: Plan<TcpSettings>): Question[] {
  return [wire(plan.settings), frozen, queue(plan.settings), firstUp, half, unread, portAgain, timeWait]
}

const wire = ({ idleMs, talkers }: TcpSettings) =>
  question({
    id: 'wire',
    text: `A connection stays open for ${duration(idleMs, 0)} and nobody says a word, while ${talkers} other conversations use the same wire. How much of the wire does it take?`,
    choices: [
      { id: 'share', text: 'its share: nobody else can use what is reserved for it' },
      { id: 'signs', text: 'a little: signs of life now and then, or it would break' },
      { id: 'nothing', text: 'nothing, not one packet' },
    ],
    checks: ['idle/silent/packets', 'idle/silent/share', 'idle/loud/same-wire', 'idle/loud/burst'],
    answer([packets, , others, burst]) {
      const observed = `on the idle one ${observationWords(packets)}; the others sent ${observationWords(others)} meanwhile`
      if (seen(packets) !== null) return { choice: 'signs', observed }
      return { choice: burst.verdict === 'pass' ? 'nothing' : 'share', observed }
    },
    explanation:
      'A circuit keeps its share free whether anybody speaks or not. A connection is two entries in the tables of two kernels; the wire does not know of it, and belongs to whoever has a packet to send.',
  })

const frozen = question({
  id: 'frozen',
  text: 'A server program hangs; the computer below it runs on. A client calls it for the first time. What does connect() say?',
  choices: [
    { id: 'waits', text: 'nothing: it waits until the program accepts, or until a timeout' },
    { id: 'refused', text: 'an error: the program is not there to agree' },
    { id: 'connected', text: 'connected, at once' },
  ],
  checks: ['frozen/unasked/connected', 'frozen/unasked/not-asked', 'frozen/unasked/unread'],
  answer([connected, asked, unread], log) {
    const observed = `connected after ${observationWords(connected)}; accept(): ${observationWords(asked)}; ${observationWords(unread)} wait for a program that was never asked`
    if (connected.verdict === 'pass') return { choice: 'connected', observed }
    const error = log.first('tcp:error_received', { host: 'frozen-a', mechanism: 'unasked' })
    return { choice: error === undefined ? 'waits' : 'refused', observed }
  },
  explanation:
    'A handshake is between two kernels. "Connected" says that the other computer has room for you in a queue; nobody has asked whether a program will ever take you out of it.',
})

const queue = ({ backlog, calls }: TcpSettings) =>
  question({
    id: 'queue',
    text: `A server that accepts nobody listens with a backlog of ${backlog}, and ${calls} clients call. What is the last one told?`,
    choices: [
      { id: 'refused', text: 'refused: the queue is full' },
      { id: 'silence', text: 'nothing at all; it asks again by itself' },
      { id: 'connected', text: 'connected, like the others' },
    ],
    checks: ['frozen/full-queue/beyond', 'frozen/full-queue/connected', 'frozen/full-queue/later'],
    answer([beyond, connected, later]) {
      const observed = `${said(connected)} of ${calls} connected; the last was ${said(beyond)}, and in ${observationWords(later)} after there was room`
      if (said(connected) === String(calls)) return { choice: 'connected', observed }
      return { choice: said(beyond).startsWith('SYN-SENT') ? 'silence' : 'refused', observed }
    },
    explanation:
      'Linux drops the SYN and hopes for room when it comes again. The caller cannot tell a full queue from an address where nobody lives.',
  })

const firstUp = question({
  id: 'first-up',
  text: 'Three packets open a connection. Between the second and the third: who is connected?',
  choices: [
    { id: 'nobody', text: 'nobody yet: it takes all three' },
    { id: 'both', text: 'both: the third is a courtesy' },
    { id: 'client', text: 'the client only, and its program has been told so' },
    { id: 'server', text: 'the server only' },
  ],
  checks: ['handshake/open/one-sided'],
  answer([check]) {
    const observed = `client | server: ${said(check)}`
    const [client, server] = said(check).split(/ \| |;/)
    const [atClient, atServer] = [client === 'ESTABLISHED', server === 'ESTABLISHED']
    if (atClient && atServer) return { choice: 'both', observed }
    if (atClient) return { choice: 'client', observed }
    return { choice: atServer ? 'server' : 'nobody', observed }
  },
  explanation:
    'Each end is connected when it knows that the other has heard it. The client knows by the second packet, the server by the third: there is always a while in which the two disagree.',
})

const half = question({
  id: 'half-close',
  text: "The client's program closes its end, and its FIN has arrived. Can the server still send it something?",
  choices: [
    { id: 'yes', text: 'yes, as much as it likes' },
    { id: 'no', text: 'no: a connection is open, or it is not' },
    { id: 'reset', text: 'it can, and is answered with RST' },
  ],
  checks: ['orderly/half-close/data', 'orderly/half-close/states'],
  answer: ([data, states]) => ({
    choice: seen(data) === null ? 'no' : 'yes',
    observed: `${observationWords(data)} arrived, when the ends were ${said(states)}`,
  }),
  explanation:
    'A connection is two streams. FIN ends one of them: "I will send no more". It does not say whether its sender still listens; see the row late-data for one that did not.',
})

const unread = question({
  id: 'unread',
  text: 'A server closes a connection properly, but has not read all that the client sent. What is the client told?',
  choices: [
    { id: 'fin', text: 'the end of the stream (FIN), as always' },
    { id: 'reset', text: 'an error: connection reset' },
    { id: 'later', text: 'nothing, until the rest has been read' },
  ],
  checks: ['reset/unread/packets', 'reset/unread/told'],
  answer([packets, told]) {
    const observed = `${said(packets)}; the program was told after ${observationWords(told)}`
    if (said(packets).startsWith('RST')) return { choice: 'reset', observed }
    return { choice: said(packets).startsWith('FIN') ? 'fin' : 'later', observed }
  },
  explanation:
    'The kernel has acknowledged bytes that nobody will ever read. A FIN would say that all is well; so it says RST, and the client may even lose what it had not read yet itself.',
})

const portAgain = question({
  id: 'port',
  text: 'A client closes its connection properly, and calls the same server again at once, from the same port. What happens?',
  choices: [
    { id: 'works', text: 'it is connected: the old one is closed, after all' },
    { id: 'server', text: 'the server refuses: it still remembers the old one' },
    { id: 'own', text: "the client's own computer refuses, without asking the server" },
  ],
  checks: ['port/client-first/refused', 'port/client-first/no-packet'],
  answer([refused, packets]) {
    const isSilent = seen(packets) === null
    const observed = `${said(refused)}, and ${isSilent ? 'not one packet' : said(packets)} on the wire`
    if (said(refused) === 'connected') return { choice: 'works', observed }
    return { choice: isSilent ? 'own' : 'server', observed }
  },
  explanation:
    'The end that closes first waits in TIME-WAIT for segments of the old connection that may still be under way, and keeps its port for that. Clients that let the kernel choose a port never notice.',
})

/** Who keeps TIME-WAIT when the client closes first, and when the server does: client, server; client, server. */
const WHO_REMEMBERS: Readonly<Record<string, string>> = {
  'yes no, no yes': 'first',
  'yes no, yes no': 'client',
  'no yes, no yes': 'server',
  'yes yes, yes yes': 'both',
  'no no, no no': 'nobody',
}

const timeWait = question({
  id: 'time-wait',
  text: 'A connection has been closed by both programs. Who still remembers it?',
  choices: [
    { id: 'nobody', text: 'nobody: that is what closing is for' },
    { id: 'client', text: 'the client' },
    { id: 'server', text: 'the server' },
    { id: 'first', text: 'whoever closed first' },
    { id: 'both', text: 'both' },
  ],
  checks: ['orderly/client-first/time-wait', 'orderly/server-first/time-wait'],
  answer([client, server]) {
    const ends = [client, server].map((check) =>
      said(check)
        .split(' | ')
        .map((state) => (state === 'TIME-WAIT' ? 'yes' : 'no'))
        .join(' '),
    )
    return {
      choice: WHO_REMEMBERS[ends.join(', ')] ?? null,
      observed: `client first: ${said(client)}; server first: ${said(server)}`,
    }
  },
  explanation:
    'Whoever sends the last ACK cannot know that it arrived. So it stays for a minute, to send it again if need be, and to keep late segments from being taken for those of a new connection.',
})
