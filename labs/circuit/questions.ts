/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { CircuitSettings } from './conditions.ts'

/** The questions about a run that is planned like this. */
export function questionsOf({ settings }: Plan<CircuitSettings>): Question[] {
  return [
    third(settings),
    idleCircuit(settings),
    idleTcp(settings),
    cutCircuit,
    cutTcp(settings),
    shared(settings),
    overload(settings),
    erlang(settings),
    queue,
  ]
}

const third = ({ slots }: CircuitSettings) =>
  question({
    id: 'third',
    text: `The trunk has ${slots.busy} slots, and ${slots.busy + 1} people call. What does the last one get?`,
    choices: [
      { id: 'shared', text: 'a call: the others get a little less each' },
      { id: 'waits', text: 'a call, as soon as one of the others is silent for a moment' },
      { id: 'busy', text: 'the busy tone, although nobody has said a word' },
    ],
    checks: ['busy/circuit/answers', 'busy/circuit/silent'],
    answer: ([answers, silent]) => ({
      choice: said(answers).endsWith('busy') ? 'busy' : Number(seen(silent)) > 0 ? 'waits' : 'shared',
      observed: `${said(answers)}; ${words(silent)} carried nothing`,
    }),
    explanation:
      'A circuit is a promise: what is reserved is there for one call, and for nobody else, until it ends. So it has to be refused to the next.',
  })

const idleCircuit = ({ idleMs }: CircuitSettings) =>
  question({
    id: 'idle-circuit',
    text: `A call is up and nobody speaks for ${duration(idleMs)}. What of the trunk does it take?`,
    choices: [
      { id: 'nothing', text: 'nothing: silence is not sent' },
      { id: 'little', text: 'now and then a sign that it is still there' },
      { id: 'slot', text: 'its slot in every frame, as if somebody spoke' },
    ],
    checks: ['idle/circuit/kept', 'idle/circuit/silent', 'idle/circuit/another'],
    answer([kept, silent, another]) {
      const observed = `${words(kept)} kept, ${words(silent)} of them empty; another caller: ${said(another)}`
      if (Number(seen(kept)) === 0) return { choice: 'nothing', observed }
      return { choice: said(another) === 'busy' ? 'slot' : 'little', observed }
    },
    explanation:
      'The place in the frame is the address. It cannot be given to somebody else for a moment, since nobody at the other end would know.',
  })

const idleTcp = ({ idleMs }: CircuitSettings) =>
  question({
    id: 'idle-tcp',
    text: `A TCP connection is up and nobody writes for ${duration(idleMs)}. How many frames does it add to the line?`,
    choices: [
      { id: 'zero', text: 'none' },
      { id: 'few', text: 'a few: both kernels make sure that the other one is there' },
      { id: 'steady', text: 'many small ones: the connection has to be kept up' },
    ],
    checks: ['idle/packets/frames', 'idle/packets/before', 'idle/packets/after'],
    answer([frames, before, after]) {
      const observed = `${words(frames)}; ${words(before)} before and ${words(after)} after by the same capture`
      if (seen(frames) === null) return { choice: 'zero', observed }
      return { choice: 'few', observed }
    },
    explanation:
      'A connection of TCP is two entries in two tables. The wire does not know of it, so a persistent connection keeps nobody off it.',
  })

const cutCircuit = question({
  id: 'cut-circuit',
  text: 'The line of b is cut while a call is up. Who learns of it?',
  choices: [
    { id: 'nobody', text: 'nobody, before somebody speaks' },
    { id: 'b', text: 'b, whose line it is; a hears silence' },
    { id: 'both', text: 'both, at once' },
  ],
  checks: ['cut/circuit/b-told', 'cut/circuit/a-told'],
  answer([b, a]) {
    const observed = `b after ${words(b)}, a after ${words(a)}`
    if (seen(a) !== null && seen(b) !== null) return { choice: 'both', observed }
    return { choice: seen(b) === null ? 'nobody' : 'b', observed }
  },
  explanation:
    'Something always passes on a circuit, be it silence. When it stops, whoever is at that end sees the light go out, and the exchange, which knows whose line it is, tells the other one.',
})

const cutTcp = ({ cutMs }: CircuitSettings) =>
  question({
    id: 'cut-tcp',
    text: `A TCP connection is up on the same line, and nobody writes. ${duration(cutMs)} after the cut, what do the programs know?`,
    choices: [
      { id: 'error', text: 'both have got an error' },
      { id: 'one', text: 'the one at b has: its own card has lost the link' },
      { id: 'nothing', text: 'nothing: for both kernels it is established' },
    ],
    checks: ['cut/packets/nobody-told', 'cut/packets/states'],
    answer([told, states]) {
      const observed = `${words(told)}; the kernels: ${said(states)}`
      if (seen(told) === null) return { choice: 'nothing', observed }
      return { choice: said(states).includes('ESTABLISHED') ? 'one' : 'error', observed }
    },
    explanation:
      'No program asked its kernel to look at a card, and a packet might have found another way. Silence is nothing unusual among packets, so it proves nothing; hence heartbeats. In return the connection was still there when the line was mended.',
  })

const shared = ({ talkers, slots, spurtMs, silenceMs }: CircuitSettings) =>
  question({
    id: 'shared',
    text: `${talkers[1]} people want to talk at once, each speaking ${Math.round((100 * spurtMs) / (spurtMs + silenceMs))} % of the time. The trunk has ${slots.talk} slots, the packet line the same capacity. How many can talk?`,
    choices: [
      { id: 'same', text: `${slots.talk} by either: the capacity is the same` },
      { id: 'packets', text: `${slots.talk} by circuits, all ${talkers[1]} by packets` },
      {
        id: 'circuit',
        text: `all ${talkers[1]} by circuits; packets take headers, and get in each other's way`,
      },
    ],
    checks: [
      `talk/circuit/blocked-${talkers[1]}`,
      `talk/circuit/silent-${talkers[1]}`,
      `talk/packets/accounted-${talkers[1]}`,
      `talk/packets/lost-${talkers[1]}`,
    ],
    answer([blocked, silent, heard, lost]) {
      const observed = `by circuits ${words(blocked)} refused, and ${words(silent)} of what the others reserved was empty; by packets ${words(heard)} arrived, ${words(lost)} did not`
      if (Number(seen(blocked)) === 0) return { choice: 'circuit', observed }
      return { choice: Number(seen(lost)) < Number(seen(heard)) / 4 ? 'packets' : 'same', observed }
    },
    explanation:
      'Whoever is silent leaves the packet line to the others. A circuit cannot do that: more than half of what it reserved was empty, while others heard the busy tone.',
  })

const overload = ({ talkers }: CircuitSettings) =>
  question({
    id: 'overload',
    text: `Now ${talkers.at(-1)} talk by packets, which is more than the line can carry. What happens?`,
    choices: [
      { id: 'refused', text: 'the last ones are refused' },
      { id: 'last', text: 'the last ones are not heard, the others are as before' },
      { id: 'all', text: 'all are let in; all are late, and of all something is lost' },
    ],
    checks: [
      `talk/packets/lost-${talkers.at(-1)}`,
      `talk/packets/delay-${talkers.at(-1)}`,
      `talk/packets/delay-${talkers[0]}`,
    ],
    answer([lost, late, before]) {
      const observed = `${words(lost)} lost; ${words(late)} on the way, with ${talkers[0]} talkers ${words(before)}`
      const isLate = Number(seen(late)) > 2 * Number(seen(before))
      if (Number(seen(lost)) > 0) return { choice: isLate ? 'all' : 'last', observed }
      return { choice: 'refused', observed }
    },
    explanation:
      'Nobody asks before he sends, so nobody can be refused. The queue grows, everybody waits in it, and what finds it full is gone without a word. Busy tone or delay: this is the choice between the two.',
  })

const erlang = ({ slots, callsEach }: CircuitSettings) =>
  question({
    id: 'erlang',
    text: `${slots.calls} slots, and calls by chance: ${slots.calls} would be up at a time on average, if all were let in. How many of ${callsEach} are refused?`,
    choices: [
      { id: 'none', text: 'hardly any: there are as many slots as calls' },
      { id: 'some', text: 'one in twenty' },
      { id: 'fifth', text: 'one in five' },
      { id: 'half', text: 'every other' },
    ],
    checks: [`calls/circuit/erlang-${slots.calls}`],
    answer([refused]) {
      const share = Number(seen(refused))
      const observed = words(refused)
      if (!Number.isFinite(share)) return { choice: null, observed }
      if (share < 2) return { choice: 'none', observed }
      if (share < 11) return { choice: 'some', observed }
      return { choice: share < 35 ? 'fifth' : 'half', observed }
    },
    explanation:
      'On average is not at each moment. Erlang worked this out for the telephone exchange of Copenhagen in 1917; for how long calls last makes no difference, but for the mean. Whoever wants one refusal in a hundred needs 18 slots.',
  })

const queue = question({
  id: 'queue',
  text: 'Packets come by chance. The line was used at 40 %, now at 80 %: twice as much. How much longer does a packet wait for the others?',
  choices: [
    { id: 'not', text: 'not at all: there is still a fifth to spare' },
    { id: 'double', text: 'twice as long' },
    { id: 'six', text: 'six times as long' },
    { id: 'hundred', text: 'a hundred times as long' },
  ],
  checks: ['load/packets/wait-40', 'load/packets/wait-80'],
  answer([before, after]) {
    const times = Number(seen(after)) / Number(seen(before))
    const observed = `${words(before)} at 40 %, ${words(after)} at 80 %`
    if (!Number.isFinite(times)) return { choice: null, observed }
    if (times < 1.3) return { choice: 'not', observed }
    if (times < 3.2) return { choice: 'double', observed }
    return { choice: times < 25 ? 'six' : 'hundred', observed }
  },
  explanation:
    'Waiting goes with load / (1 - load): what is to spare decides, and that fell from 60 % to 20 %. What comes by chance comes together now and then, and the less there is to spare, the longer it takes until all have passed.',
})
