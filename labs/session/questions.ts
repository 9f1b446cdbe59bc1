/** What to predict, with choices that people believe; the right one is found in what was seen. */
import type { Check } from '../../src/lab/checks.ts'
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { SessionSettings } from './conditions.ts'
import { INTO_CUT } from './plain.ts'

export function questionsOf({ settings }: Plan<SessionSettings>): Question[] {
  return [
    connections,
    withoutSession(settings),
    tooLate(settings),
    serverAnew,
    serverKept(settings),
    move,
    stolen,
    rivals,
  ]
}

const number = (check: Check) => Number(seen(check))

const connections = question({
  id: 'connections',
  text: 'A client says twenty messages, and on the way its TCP connection is broken three times (RST). How many sessions, and how many connections, do the twenty need?',
  choices: [
    { id: 'one-each', text: 'four sessions, one for each connection' },
    { id: 'one-session', text: 'one session, four connections' },
    { id: 'same', text: 'one session and one connection: TCP establishes it again' },
  ],
  checks: ['several/tcp/sessions', 'several/tcp/connections', 'several/tcp/delivered'],
  answer([sessions, carried, delivered]) {
    const observed = `${words(sessions)}, ${words(carried)}, ${words(delivered)} handed over`
    if (number(carried) === 1) return { choice: 'same', observed }
    return { choice: number(sessions) === 1 ? 'one-session' : 'one-each', observed }
  },
  explanation:
    'A connection that was reset is over for good: the next one begins with a SYN and knows nothing of it. What goes on is the session, since both ends remember its number and its token, and since the messages were numbered and kept.',
})

const withoutSession = ({ messages, before }: SessionSettings) =>
  question({
    id: 'without-session',
    text: `The cable is cut. A program over plain TCP writes ${INTO_CUT} more of its ${messages} lines, gives the connection up, and writes the rest over a new one when the cable is mended. How many arrive?`,
    choices: [
      { id: 'all', text: `all ${messages}: TCP is reliable` },
      {
        id: 'some',
        text: `${messages - INTO_CUT}: what was written into the cut is lost, and no write() failed`,
      },
      { id: 'before', text: `${before}: after the cut nothing arrives any more` },
      { id: 'error', text: 'the writes into the cut fail, so the program can write them again' },
    ],
    checks: ['mended/plain/delivered', 'mended/plain/told', 'mended/tcp/delivered'],
    answer([plain, told, session]) {
      const observed = `${words(plain)} of ${messages} without a session, ${words(told)}; with one: ${words(session)}`
      if (number(told) > 0) return { choice: 'error', observed }
      if (number(plain) >= messages) return { choice: 'all', observed }
      return { choice: number(plain) > before ? 'some' : 'before', observed }
    },
    explanation:
      'TCP is reliable as long as its connection lives. A write that succeeds says that its own kernel has the bytes; what the kernel had not delivered dies with the connection, and nobody says how much that was. An acknowledgement by the application is a different thing from one by TCP.',
  })

const tooLate = ({ graceMs }: SessionSettings) =>
  question({
    id: 'too-late',
    text: `A cut lasts longer than the ${duration(graceMs, 1)} for which the server keeps a session without a connection. The cable is mended, and the client comes back. What happens?`,
    choices: [
      { id: 'goes-on', text: 'the session goes on: the token is still right' },
      { id: 'told', text: 'the client is told that there is no such session, within a second or two' },
      { id: 'silence', text: 'nothing: the server no longer knows the session, so it has nothing to say' },
      { id: 'anew', text: 'the server opens a new session, and the client does not notice' },
    ],
    checks: ['too-late/tcp/told', 'too-late/udp/told', 'too-late/tcp/forgot'],
    answer: ([tcp, udp, forgot]) => ({
      choice: seen(tcp) === null ? 'silence' : 'told',
      observed: `told ${words(tcp)} (TCP) and ${words(udp)} (UDP) after the cable was mended; the server had forgotten ${words(forgot)} after it gave the connection up`,
    }),
    explanation:
      'No session is kept for ever: the server forgets, and a client that resumes too late is refused. That is how it learns, for certain; until then it only knew that nobody answered. It says which messages may have been lost. Nobody can know more.',
  })

const serverAnew = question({
  id: 'server-anew',
  text: 'The server is killed (SIGKILL) and started again, with its sessions in memory only. Its client has the right token. What does it hear?',
  choices: [
    { id: 'nothing', text: 'nothing: to the client the connection stays up' },
    { id: 'resumed', text: 'the client resumes: it has everything that the session needs' },
    { id: 'refused', text: 'the new process refuses: unknown session' },
  ],
  checks: ['server-anew/tcp/told', 'server-anew/tcp/announced'],
  answer([told, announced]) {
    const observed = `${words(told)}; ${announced.because}`
    if (seen(told) === null) return { choice: 'nothing', observed }
    return { choice: said(told).startsWith('unknown-session') ? 'refused' : 'resumed', observed }
  },
  explanation:
    "A session is an agreement of two, and one of them has lost its memory. The connection was closed by the dead server's kernel; the new process has never heard of the session, and says so, which is worth a lot: the client need not guess.",
})

const serverKept = ({ before }: SessionSettings) =>
  question({
    id: 'server-kept',
    text: `Now the server keeps its sessions in a file before it acknowledges. It is killed after at least ${before} messages, in the middle of the rest, and started again. What becomes of the messages?`,
    choices: [
      { id: 'all-once', text: 'all arrive, each once' },
      { id: 'one-lost', text: 'the one that was under way when it died is lost' },
      { id: 'one-twice', text: 'the one that was under way when it died is counted twice' },
    ],
    checks: [
      'server-kept/tcp/delivered',
      'server-kept/tcp/answers',
      'server-kept/udp/answers',
      'server-kept/tcp/kept',
    ],
    answer([delivered, tcp, udp, kept]) {
      const observed = `${words(delivered)} over TCP; answers in their place: ${words(tcp)} and ${words(udp)}; found again: ${words(kept)}`
      const isAllOnce = [delivered, tcp, udp].every(({ verdict }) => verdict === 'pass')
      if (isAllOnce) return { choice: 'all-once', observed }
      return { choice: number(delivered) < number(tcp) ? 'one-lost' : 'one-twice', observed }
    },
    explanation:
      'The message, the count and the answer are written in one step, and only then acknowledged. Killed before that step, the server has never seen the message, and gets it again; killed after it, it has seen it, and recognises the second copy as one.',
  })

const move = question({
  id: 'move',
  text: 'In mid-conversation the client goes on from another address, as a phone does when it leaves its Wi-Fi. What has to begin again, over TCP and over UDP?',
  choices: [
    { id: 'session', text: 'the session, with both: it belongs to an address' },
    {
      id: 'connection',
      text: 'over TCP the connection, over UDP nothing but a RESUME; the session goes on with both',
    },
    { id: 'udp-only', text: 'over TCP the session too; over UDP it goes on' },
  ],
  checks: ['move/tcp/sessions', 'move/udp/sessions', 'move/tcp/addresses', 'move/tcp/connections'],
  answer([tcp, udp, addresses, carried]) {
    const observed = `${words(tcp)} over TCP, from ${words(addresses)}, over ${words(carried)}; ${words(udp)} over UDP`
    const [goesOnOverTcp, goesOnOverUdp] = [number(tcp) === 1, number(udp) === 1]
    if (goesOnOverTcp && goesOnOverUdp) return { choice: 'connection', observed }
    if (goesOnOverTcp) return { choice: null, observed }
    return { choice: goesOnOverUdp ? 'udp-only' : 'session', observed }
  },
  explanation:
    'A TCP connection is named by two addresses and two ports, so another address means another connection. A session is named by what both ends agreed on. Over UDP there is no connection to begin: the server only has to be shown that whoever asks knows the secret, and receives at the new address.',
})

const stolen = question({
  id: 'stolen',
  text: 'A thief copies the file in which the client keeps its session, and resumes. Then the owner comes back with the same token. Who has the session in the end?',
  choices: [
    { id: 'owner', text: 'the owner: the thief has a different address' },
    { id: 'thief', text: 'the thief, who changed the token' },
    { id: 'both', text: 'both, one message each' },
    { id: 'nobody', text: 'nobody: the server ends it' },
  ],
  checks: ['stolen/tcp/owner', 'stolen/tcp/thief', 'stolen/tcp/ended'],
  answer([owner, thief, ended]) {
    const observed = `first the owner was ${said(owner)} and ${words(thief)} of the thief were taken; then: ${said(ended)}`
    if (said(ended).includes('server token-reused')) return { choice: 'nobody', observed }
    return { choice: said(owner) === 'replaced' ? 'thief' : 'owner', observed }
  },
  explanation:
    'To the server the token is the client. The thief wins at first, and the owner is told. But each resume changes the token; so the second of the two comes with a used one, which no honest client has: the server cannot tell who is who, and ends the session for both.',
})

const rivals = question({
  id: 'rivals',
  text: 'A client and a copy of it, both with the right token, resume at the same moment. How many of them have the session afterwards?',
  choices: [
    { id: 'both', text: 'both: the token is right' },
    { id: 'one', text: 'one or none, and whoever does not have it is told' },
    { id: 'unclear', text: 'one, and the other goes on believing that it has it' },
  ],
  checks: ['rivals/tcp/one-left', 'rivals/udp/one-left', 'rivals/tcp/told', 'rivals/udp/told'],
  answer([tcp, udp, toldTcp, toldUdp]) {
    const observed = `over TCP: ${tcp.because}; over UDP: ${udp.because}`
    if (number(tcp) > 1 || number(udp) > 1) return { choice: 'both', observed }
    const areTold = toldTcp.verdict === 'pass' && toldUdp.verdict === 'pass'
    return { choice: areTold ? 'one' : 'unclear', observed }
  },
  explanation:
    'A session is carried by one connection. The newest claim with the right token takes it, and the older one hears BYE replaced; if the older had used the token up a moment before, the newer comes with a used one, and the session ends for both. Which of the two happens is a matter of milliseconds.',
})
