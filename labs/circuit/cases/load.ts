/** How long does a packet wait, when they come by chance? */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import { grown } from '../../../src/lab/card-looks.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts } from '../../../src/lab/claims.ts'
import { readCard } from '../../../src/rig/cards.ts'
import { batchMeans } from '../../../src/wire/batches.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'
import { packetsOf } from '../conversations.ts'
import { meanOf, waitsOf } from '../expectations.ts'
import { dropping, waiting } from '../measured.ts'
import { countsOf, grew, percentOf, startedOf } from '../office.ts'

/** Where there is more than can pass, the queue is full but for moments. */
const NEARLY_FULL = 0.8
/** The office is a program: a packet whose time has come leaves when it is on a processor again. */
const LATE_MS = 2
/** Packets that came at the same time may be stamped the other way round. */
const STAMPS_MS = 0.05
/** Beside what the lab sends: "who has this address?" and its answer, while one card is looked at after the other. */
const ASKED_MEANWHILE = 4

export const load: CaseOf<CircuitSettings> = {
  id: 'load',
  promise: 'packets come by chance, more and more of them, and at last more than the line can carry',
  needs: ['exchange'],
  middle: 'exchange',
  exchange: officeOf('load'),
  uncaptured: true,
  inTurn: true,

  async act(rig, pair, { loads, loadMs, frameMs, slots, queueMax }) {
    const hearer = await rig.sockets(pair.b).telephone.open('packets')
    const speaker = await rig.sockets(pair.a).telephone.open('packets')
    const serviceMs = frameMs / slots.load
    const count = async () => {
      await rig.sleep(queueMax * serviceMs + SLACK_MS)
      await rig.countExchange(pair)
      await hearer.count()
    }
    // Not the first of those that are counted is to wait for an answer to "who has this address?".
    await speaker.talk(hearer.at, [{ atMs: 0, line: 1 }])
    await count()
    const lookAtCards = async () => {
      // On loopback there are none.
      if (rig.offers('cable')) for (const host of [pair.a, pair.b]) await readCard(rig, host)
    }
    await lookAtCards()
    for (const each of loads) {
      await speaker.talk(
        hearer.at,
        packetsOf(seedOf(rig.plan.seed, each), { load: each, serviceMs, forMs: loadMs }),
      )
      await count()
    }
    await lookAtCards()
  },

  rows: {
    packets(cell) {
      const { loads } = cell.settings
      const { serviceMs = Number.NaN, queueMax = Number.NaN } = startedOf(cell)?.data ?? {}
      const counted = countsOf(cell)
      const heard = cell.b.all('telephone:heard')
      const stable = waiting(cell)
      const beyond = dropping(cell)
      return [
        ...stable.map(({ offered, theory, measured, within, counted }) =>
          counts(
            cell,
            `wait-${percentOf(offered)}`,
            { min: Math.max(0, rounded(theory - within)), max: rounded(theory + within) },
            rounded(measured.mean),
            'service times',
            {
              claim: `at ${percentOf(offered)} % of what the line can carry, a packet waits so long on average`,
              formula: `M/D/1: ${offered} / (2 (1 - ${offered})) = ${rounded(theory)}, within what such a sample can tell: ${rounded(within)}`,
              because: `a service time is ${serviceMs} ms; packets come by chance, so some come together`,
              source: 'Pollaczek and Khinchine, 1930-32; src/wire/packet-line.ts',
              evidence: [counted],
            },
          ),
        ),
        ...stable.map(({ offered, counted }) => {
          const expectedMs = meanOf(batchMeans(waitsOf(arrivalsOf(counted), serviceMs)))
          const observedMs = meanOf(counted.data.insideMs) - serviceMs
          return counts(
            cell,
            `as-came-${percentOf(offered)}`,
            { min: rounded(expectedMs - STAMPS_MS), max: rounded(expectedMs + LATE_MS) },
            rounded(observedMs),
            'ms',
            {
              claim: 'chance apart: of these packets, as they really came, each waits for those before it',
              formula: `by their times of arrival ${rounded(expectedMs)} ms on average, and up to ${LATE_MS} ms until a program has let them out`,
              because: `${counted.data.arrivalsMs.length} packets from arrival to letting out, without the ${serviceMs} ms of their own`,
              source: 'D. V. Lindley, 1952; packet(7): tp_sec, tp_nsec',
              evidence: [counted],
            },
          )
        }),
        ...loads.map((each, index) => {
          const [from, to, seen] = [counted[index], counted[index + 1], heard[index + 1]]
          const ownMs = meanOf(to?.data.waitsMs ?? []) + serviceMs
          return counts(
            cell,
            `seen-${percentOf(each)}`,
            (grew('packets', from, to) ?? Number.NaN) - (grew('dropped', from, to) ?? Number.NaN),
            seen?.data.voices,
            'packets',
            {
              claim: 'all that found room arrive at the program',
              formula: 'as many as came to the line, without those that it dropped',
              because: `after ${seen === undefined ? 'nobody knows how many' : seen.data.meanMs.toFixed(1)} ms on average, of which ${ownMs.toFixed(1)} were spent in the queue and on the line`,
              source: 'udp(7)',
              evidence: [from, to, seen],
            },
          )
        }),
        ...byCards(cell),
        ...beyond.flatMap(({ offered, theory, measured, within, counted }) => [
          counts(
            cell,
            `lost-${percentOf(offered)}`,
            {
              min: Math.max(0, percentOf(theory - within)),
              max: percentOf(theory + within),
            },
            percentOf(measured.mean),
            'percent',
            {
              claim: `asked for ${percentOf(offered)} % of what it can, the line loses what is beyond`,
              formula: `1 - 1 / ${offered} = ${percentOf(theory)} %, within what such a sample can tell: ${percentOf(within)}`,
              because: 'nobody was refused, and nobody was told',
              source: 'src/wire/packet-line.ts',
              evidence: [counted],
              short: `${Math.round(100 * measured.mean)} %`,
            },
          ),
          counts(
            cell,
            `full-${percentOf(offered)}`,
            { min: NEARLY_FULL * queueMax, max: queueMax },
            rounded(meanOf(counted.data.waitsMs) / serviceMs),
            'service times',
            {
              claim: 'and what is not lost waits for a whole queue of others',
              formula: `${percentOf(NEARLY_FULL)} % .. all of ${queueMax} places`,
              because: 'a longer queue would lose hardly less, and let everybody wait longer',
              source: 'RFC 8289 section 1: bufferbloat',
              evidence: [counted],
            },
          ),
        ]),
      ]
    },
  },
}

/** The office counts for itself; the kernels of both hosts count what passed their cards. */
function byCards(cell: Cell<CircuitSettings>) {
  const counted = countsOf(cell)
  const [first, last] = [counted[0], counted.at(-1)]
  const packets = grew('packets', first, last) ?? Number.NaN
  const dropped = grew('dropped', first, last) ?? Number.NaN
  const words = {
    source: 'ip-link(8): statistics',
    evidence: [first, last],
    unseen: 'hosts on loopback have no network cards of their own',
  }
  const around = (frames: number) => ({ min: frames - ASKED_MEANWHILE, max: frames + ASKED_MEANWHILE })
  return [
    counts(cell, 'sent', around(packets), grown(cell.a, 'sentFrames'), 'frames', {
      ...words,
      claim: 'the card of a has sent what the office says came to its line',
      formula: `${packets}, plus or minus ${ASKED_MEANWHILE} that ask for addresses meanwhile`,
      because: 'two who know nothing of each other have counted the same',
    }),
    counts(cell, 'received', around(packets - dropped), grown(cell.b, 'receivedFrames'), 'frames', {
      ...words,
      claim: 'and the card of b has received what the office says it did not drop',
      formula: `${packets} - ${dropped}, plus or minus ${ASKED_MEANWHILE}`,
      because: 'what the queue had no room for is nowhere',
    }),
  ]
}

/** As a schedule: what the office says of when packets came. */
function arrivalsOf({ data }: EventOf<'exchange:counted'>) {
  return data.arrivalsMs.map((atMs) => ({ atMs, line: 1 }))
}

function seedOf(seed: number, load: number): number {
  return seed + Math.round(100 * load)
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100
}
