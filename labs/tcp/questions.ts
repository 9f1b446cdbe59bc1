/**
 * What the lab asks before it shows. The wrong choices are what people really believe; which one is right
 * is decided by each run anew, from what it observed.
 */
import type { Check } from '../../src/lab/checks.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { answerFrom, observationWords, type Question } from '../../src/lab/predict.ts'
import { duration } from '../../src/view/words.ts'
import type { TcpSettings } from './conditions.ts'

export function questionsOf(plan: Plan<TcpSettings>): Question[] {
  return [wire(plan.settings), frozen, queue(plan.settings), firstUp, half, unread, portAgain, timeWait]
}

const said = (check: Check | undefined) => String(check?.observed.value ?? 'nothing')

function wire({ idleMs, talkers }: TcpSettings): Question {
  return {
    id: 'wire',
    text: `A connection stays open for ${duration(idleMs, 0)} and nobody says a word, while ${talkers} other conversations use the same wire. What does it take of the wire?`,
    cells: ['idle/silent', 'idle/loud'],
    choices: [
      { id: 'share', text: 'its share: what is reserved for it nobody else can use' },
      { id: 'signs', text: 'a little: signs of life now and then, or it would break' },
      { id: 'nothing', text: 'nothing, not one packet' },
    ],
    answer(_log, checks) {
      const ids = ['idle/silent/packets', 'idle/silent/share', 'idle/loud/same-wire', 'idle/loud/burst']
      return answerFrom(checks, ids, WIRE, ([packets, , others, burst]) => ({
        choice: packets?.observed.value !== null ? 'signs' : burst?.verdict === 'pass' ? 'nothing' : 'share',
        observed: `on the idle one ${observationWords(packets as Check)}; the others sent ${observationWords(others as Check)} meanwhile`,
      }))
    },
  }
}
const WIRE =
  'A circuit keeps its share free whether anybody speaks or not. A connection is two entries in the tables of two kernels; the wire does not know of it, and belongs to whoever has a packet to send.'

const frozen: Question = {
  id: 'frozen',
  text: 'A server program hangs; the computer below it runs on. A client calls it for the first time. What does connect() say?',
  cells: ['frozen/unasked'],
  choices: [
    { id: 'waits', text: 'nothing: it waits until the program accepts, or until a timeout' },
    { id: 'refused', text: 'an error: the program is not there to agree' },
    { id: 'connected', text: 'connected, at once' },
  ],
  answer(log, checks) {
    const ids = ['frozen/unasked/connected', 'frozen/unasked/not-asked', 'frozen/unasked/unread']
    return answerFrom(checks, ids, FROZEN, ([connected, asked, unread]) => ({
      choice:
        connected?.verdict === 'pass'
          ? 'connected'
          : log.first('tcp:error_received', { host: 'frozen-a', mechanism: 'unasked' })
            ? 'refused'
            : 'waits',
      observed: `connected after ${observationWords(connected as Check)}; accept(): ${observationWords(asked as Check)}; ${observationWords(unread as Check)} wait for a program that was never asked`,
    }))
  },
}
const FROZEN =
  'A handshake is between two kernels. "Connected" says that the other computer has room for you in a queue; whether a program will ever take you out of it, nobody has asked.'

function queue({ backlog, calls }: TcpSettings): Question {
  return {
    id: 'queue',
    text: `A server that accepts nobody listens with a backlog of ${backlog}, and ${calls} clients call. What is the last one told?`,
    cells: ['frozen/full-queue'],
    choices: [
      { id: 'refused', text: 'refused: the queue is full' },
      { id: 'silence', text: 'nothing at all; it asks again by itself' },
      { id: 'connected', text: 'connected, like the others' },
    ],
    answer(_log, checks) {
      const ids = ['frozen/full-queue/beyond', 'frozen/full-queue/connected', 'frozen/full-queue/later']
      return answerFrom(checks, ids, QUEUE, ([beyond, connected, later]) => ({
        choice:
          said(connected) === String(calls)
            ? 'connected'
            : said(beyond).startsWith('SYN-SENT')
              ? 'silence'
              : 'refused',
        observed: `${said(connected)} of ${calls} connected; the last was ${said(beyond)}, and in ${observationWords(later as Check)} after there was room`,
      }))
    },
  }
}
const QUEUE =
  'Linux drops the SYN and hopes for room when it comes again. The caller cannot tell a full queue from an address where nobody lives.'

const firstUp: Question = {
  id: 'first-up',
  text: 'Three packets open a connection. Between the second and the third: who is connected?',
  cells: ['handshake/open'],
  choices: [
    { id: 'nobody', text: 'nobody yet: it takes all three' },
    { id: 'both', text: 'both: the third is a courtesy' },
    { id: 'client', text: 'the client only, and its program has been told so' },
    { id: 'server', text: 'the server only' },
  ],
  answer(_log, checks) {
    return answerFrom(checks, ['handshake/open/one-sided'], FIRST_UP, ([check]) => {
      const [client, server] = said(check).split(/ \| |;/)
      const [atClient, atServer] = [client === 'ESTABLISHED', server === 'ESTABLISHED']
      return {
        choice: atClient && atServer ? 'both' : atClient ? 'client' : atServer ? 'server' : 'nobody',
        observed: `client | server: ${said(check)}`,
      }
    })
  },
}
const FIRST_UP =
  'Each end is connected when it knows that the other has heard it. The client knows by the second packet, the server by the third: there is always a while in which the two disagree.'

const half: Question = {
  id: 'half-close',
  text: "The client's program closes its end, and its FIN has arrived. Can the server still send it something?",
  cells: ['orderly/half-close'],
  choices: [
    { id: 'yes', text: 'yes, as much as it likes' },
    { id: 'no', text: 'no: a connection is open, or it is not' },
    { id: 'reset', text: 'it can, and is answered with RST' },
  ],
  answer(_log, checks) {
    const ids = ['orderly/half-close/data', 'orderly/half-close/states']
    return answerFrom(checks, ids, HALF, ([data, states]) => ({
      choice: data?.observed.value === null ? 'no' : 'yes',
      observed: `${observationWords(data as Check)} arrived, when the ends were ${said(states)}`,
    }))
  },
}
const HALF =
  'A connection is two streams. FIN ends one of them: "I will send no more". Whether its sender still listens it does not say; see the row late-data for one that did not.'

const unread: Question = {
  id: 'unread',
  text: 'A server closes a connection in all order, but has not read all that the client sent. What is the client told?',
  cells: ['reset/unread'],
  choices: [
    { id: 'fin', text: 'the end of the stream (FIN), as always' },
    { id: 'reset', text: 'an error: connection reset' },
    { id: 'later', text: 'nothing, until the rest has been read' },
  ],
  answer(_log, checks) {
    const ids = ['reset/unread/packets', 'reset/unread/told']
    return answerFrom(checks, ids, UNREAD, ([packets, told]) => ({
      choice: said(packets).startsWith('RST') ? 'reset' : said(packets).startsWith('FIN') ? 'fin' : 'later',
      observed: `${said(packets)}; the program was told after ${observationWords(told as Check)}`,
    }))
  },
}
const UNREAD =
  'The kernel has acknowledged bytes that nobody will ever read. A FIN would say that all is well; so it says RST, and the client may even lose what it had not read yet itself.'

const portAgain: Question = {
  id: 'port',
  text: 'A client closes its connection in all order, and calls the same server again at once, from the same port. What happens?',
  cells: ['port/client-first'],
  choices: [
    { id: 'works', text: 'it is connected: the old one is closed, after all' },
    { id: 'server', text: 'the server refuses: it still remembers the old one' },
    { id: 'own', text: "the client's own computer refuses, without asking the server" },
  ],
  answer(_log, checks) {
    const ids = ['port/client-first/refused', 'port/client-first/no-packet']
    return answerFrom(checks, ids, PORT, ([refused, packets]) => ({
      choice: said(refused) === 'connected' ? 'works' : packets?.observed.value === null ? 'own' : 'server',
      observed: `${said(refused)}, and ${packets?.observed.value === null ? 'not one packet' : said(packets)} on the wire`,
    }))
  },
}
const PORT =
  'Who closes first waits in TIME-WAIT for segments of the old connection that may still be under way, and keeps its port for that. Clients that let the kernel choose a port never notice.'

const timeWait: Question = {
  id: 'time-wait',
  text: 'A connection has been closed by both programs. Who still remembers it?',
  cells: ['orderly/client-first', 'orderly/server-first'],
  choices: [
    { id: 'nobody', text: 'nobody: that is what closing is for' },
    { id: 'client', text: 'the client' },
    { id: 'server', text: 'the server' },
    { id: 'first', text: 'whoever closed first' },
    { id: 'both', text: 'both' },
  ],
  answer(_log, checks) {
    const ids = ['orderly/client-first/time-wait', 'orderly/server-first/time-wait']
    return answerFrom(checks, ids, TIME_WAIT, ([client, server]) => {
      const ends = [said(client), said(server)].map((states) =>
        states.split(' | ').map((state) => state === 'TIME-WAIT'),
      )
      const choices: Record<string, string> = {
        'true,false,false,true': 'first',
        'true,false,true,false': 'client',
        'false,true,false,true': 'server',
        'true,true,true,true': 'both',
        'false,false,false,false': 'nobody',
      }
      return {
        choice: choices[ends.flat().join()] ?? null,
        observed: `client first: ${said(client)}; server first: ${said(server)}`,
      }
    })
  },
}
const TIME_WAIT =
  'Whoever sends the last ACK cannot know that it arrived. So it stays for a minute, to say it again, and so that late segments are not taken for those of a new connection.'
