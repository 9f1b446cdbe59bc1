/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { ScaleSettings } from './conditions.ts'

/** The questions about a run that is planned like this. */
export function questionsOf({ settings }: Plan<ScaleSettings>): Question[] {
  return [open(settings), beats, returning(settings), paused(settings), burst(settings)]
}

const open = ({ connections }: ScaleSettings) =>
  question({
    id: 'open',
    text: `${connections} visitors are signed in at a web site, and ${connections} clients hold an idle TCP connection to a server. Nobody says anything. How many descriptors does that take, at the site and at the server?`,
    choices: [
      { id: 'both', text: `${connections} and ${connections}: a session is a connection` },
      { id: 'none-all', text: `none and ${connections}` },
      { id: 'none-none', text: 'none and none: who says nothing takes nothing' },
    ],
    checks: ['sessions/http/descriptors', 'idle/tcp/descriptors'],
    answer([site, server]) {
      const observed = `the site ${words(site)}, the server ${words(server)}`
      if (seen(server) === 0) return { choice: 'none-none', observed }
      return { choice: seen(site) === 0 ? 'none-all' : 'both', observed }
    },
    explanation:
      'A session is a line in the memory of a program, found again by its cookie. A connection is a socket, and a socket is an open file, for as long as either end keeps it.',
  })

/** Twice as many heartbeats take less than this much more time than as many. */
const GROWS = 1.3

const beats = question({
  id: 'beats',
  text: 'The same connections, and heartbeats twice as often. What becomes of the processor time?',
  choices: [
    { id: 'same', text: 'nothing: as many connections take as much' },
    { id: 'grows', text: 'it grows with the heartbeats' },
  ],
  checks: ['speaking/heartbeat/memory'],
  answer(_checks, _log, all) {
    const costs = all.filter(({ id }) => id.startsWith('speaking/heartbeat/processor-'))
    const shares = costs.map(({ short }) => Number.parseFloat(short ?? ''))
    const [slower = Number.NaN, faster = Number.NaN] = [shares.at(-1), shares[0]].sort(
      (one, other) => Number(one) - Number(other),
    )
    const observed = `${costs.map(({ id, short }) => `${id.split('-').at(-1)} ms: ${short} of a processor`).join(', ')}`
    if (Number.isNaN(slower + faster)) return { choice: null, observed }
    return { choice: faster > GROWS * slower ? 'grows' : 'same', observed }
  },
  explanation:
    'An idle connection takes no processor time at all. A heartbeat is a packet to read, a line to parse, a deadline to move and an answer to write: the interval is the price.',
})

const returning = ({ connections, restart: { backlog } }: ScaleSettings) =>
  question({
    id: 'returning',
    text: `A server is killed and started again. It listens, but is still reading its files when all ${connections} clients ask for it in one moment. Its queue has room for ${backlog}. What becomes of the others?`,
    choices: [
      { id: 'refused', text: 'they are refused, and know it at once' },
      { id: 'silence', text: 'nothing answers them; they get in a second later' },
      { id: 'grows', text: 'nothing: the queue grows' },
    ],
    checks: ['restart/lockstep/overflows', 'restart/lockstep/back'],
    answer([overflows, back]) {
      const observed = `${words(overflows)}; the last was in ${words(back)} after it had asked`
      if (seen(overflows) === 0) return { choice: 'grows', observed }
      return { choice: Number(seen(back)) >= 900 ? 'silence' : 'refused', observed }
    },
    explanation:
      'The kernel throws away what finds no room in the queue, and says nothing: for the client that is a lost packet, and its kernel sends the SYN again after a second. Clients that wait by chance come one by one, and find room.',
  })

const paused = ({ stallMs, beats: { suspectAfterMs } }: ScaleSettings) =>
  question({
    id: 'paused',
    text: `A program suspects who has said nothing for ${duration(suspectAfterMs, 0)}. It stands still itself for ${duration(stallMs, 1)}. Whom does it suspect then, if it has one timer for each peer?`,
    choices: [
      { id: 'nobody', text: 'nobody: what they said meanwhile waits in its sockets' },
      { id: 'all', text: 'all of them, though all of them have spoken' },
      { id: 'some', text: 'the half that happened to be due' },
    ],
    checks: ['pauses/watchdog/stalled', 'pauses/guarded/stalled'],
    answer([plain, guarded], _log, all) {
      const frozen = all.find(({ id }) => id === 'pauses/watchdog/found')
      const observed = `${words(plain)}; one that knows of its own pauses suspected ${words(guarded)}`
      if (seen(plain) === 0) return { choice: 'nobody', observed }
      return { choice: seen(plain) === (frozen && seen(frozen)) ? 'all' : 'some', observed }
    },
    explanation:
      'When it runs again its timers come first, and all of them are over; what its peers had said is read afterwards. A program that looks at the clock every now and then knows that it did not run, and gives its peers that time.',
  })

const burst = ({ connections }: ScaleSettings) =>
  question({
    id: 'burst',
    text: `${connections} peers each say a word of 13 bytes by UDP, in one moment while the program does something else. The receive buffer has 208 KB. How many does the program hear?`,
    choices: [
      { id: 'all', text: `all ${connections}: ${connections} x 13 bytes are far less` },
      { id: 'some', text: 'some hundreds: a datagram takes more than its bytes' },
      { id: 'one', text: 'the last one of each' },
    ],
    checks: ['burst/at-once/heard', 'burst/at-once/drops', 'burst/spread/heard'],
    answer([heard, drops, spread]) {
      const observed = `${words(heard)}; ${words(drops)} thrown away; spread out it heard ${words(spread)}`
      return { choice: seen(drops) === 0 ? 'all' : 'some', observed }
    },
    explanation:
      'The kernel counts a waiting datagram with all that it keeps for it, several hundred bytes for the shortest. What does not fit is thrown away, and neither end is told; only a counter of the socket knows.',
  })
