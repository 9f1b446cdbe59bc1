/** The same conversations, at the same time, by circuits and by packets, of ever more talkers. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts } from '../../../src/lab/claims.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'
import { conversationOf } from '../conversations.ts'
import { replayed } from '../expectations.ts'
import { countsOf, grew, percentOf, startedOf } from '../office.ts'

/** Talkers and trunk begin and end in the middle of each other's frames. */
const SHARE_TOLERANCE = 0.03
/** A program speaks some milliseconds late, and so does the next in the queue. */
const LATE_MS = 40
const LATE_SHARE = 0.3
const LATE_VOICES = 10
const LATE_VOICES_SHARE = 0.03

export const talk: CaseOf<CircuitSettings> = {
  id: 'talk',
  promise: 'bursty talkers speak by circuits, and say the same by packets over a line of the same capacity',
  needs: ['exchange'],
  middle: 'exchange',
  exchange: officeOf('talk'),
  uncaptured: true,
  inTurn: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const atB = await rig.sockets(b).telephone.attach('circuit', a)
    const atA = await rig.sockets(a).telephone.attach('circuit', b)
    const hearer = await rig.sockets(b).telephone.open('packets')
    const speaker = await rig.sockets(a).telephone.open('packets')
    const count = async () => {
      await rig.countExchange(pair)
      await atB.count()
      await hearer.count()
    }
    // Not the first of those that are counted is to wait for an answer to "who has this address?".
    await speaker.talk(hearer.at, [{ atMs: 0, line: 1 }])
    for (const talkers of settings.talkers) {
      const voices = conversationOf(rig.plan.seed + talkers, talkOf(settings, talkers))
      const connected: number[] = []
      for (let line = 1; line <= talkers; line++) {
        if ((await atA.call(line)) === 'connected') connected.push(line)
      }
      await count()
      rig.mark(pair, `talk-${talkers}`)
      await Promise.all([
        atA.talk(
          atB.at,
          voices.filter(({ line }) => connected.includes(line)),
        ),
        speaker.talk(hearer.at, voices),
      ])
      // What waits is to arrive before it is counted.
      await rig.sleep((settings.queueMax * settings.frameMs) / settings.slots.talk + SLACK_MS)
      await count()
      rig.mark(pair, `over-${talkers}`)
      for (let line = 1; line <= talkers; line++) await atA.hangUp(line)
    }
  },

  rows: {
    circuit: (cell) => cell.settings.talkers.flatMap((talkers) => byCircuit(cell, talkers)),
    packets: (cell) => cell.settings.talkers.flatMap((talkers) => byPackets(cell, talkers)),
  },
}

export function talkOf({ talkMs, frameMs, spurtMs, silenceMs }: CircuitSettings, talkers: number) {
  return { talkers, forMs: talkMs, frameMs, spurtMs, silenceMs }
}

/** What was counted from before one conversation until after it; null: the run did not come to it. */
function conversationIn(cell: Cell<CircuitSettings>, talkers: number) {
  const within = cell.between(`talk-${talkers}`, `over-${talkers}`)
  const index = cell.settings.talkers.indexOf(talkers)
  const [from, to] = countsOf(cell).slice(2 * index, 2 * index + 2)
  const voices = conversationOf(cell.plan.seed + talkers, talkOf(cell.settings, talkers))
  const heard = within && cell.b.first('telephone:heard', within)
  const talked = within && cell.a.first('telephone:talked', within)
  if (!within || !from || !to || !heard || !talked) return null
  return { within, from, to, voices, heard, talked }
}

function byCircuit(cell: Cell<CircuitSettings>, talkers: number) {
  const seen = conversationIn(cell, talkers)
  if (seen === null) return []
  const { from, to, heard, talked, voices } = seen
  const { slots = Number.NaN, frameMs = Number.NaN } = startedOf(cell)?.data ?? {}
  const previous = countsOf(cell)[2 * cell.settings.talkers.indexOf(talkers) - 1]
  const blocked = from.data.blocked - (previous?.data.blocked ?? 0)
  const connected = Math.min(talkers, slots)
  // Lines call in the order of their numbers.
  const spoken = voices.filter(({ line }) => line <= connected).length
  const share = 1 - (spoken * frameMs) / (connected * (to.time - from.time))
  const reserved = grew('reserved', from, to) ?? Number.NaN
  const silent = (grew('silent', from, to) ?? Number.NaN) / reserved
  return [
    counts(cell, `blocked-${talkers}`, Math.max(0, talkers - slots), blocked, 'calls', {
      claim: `of ${talkers} who want to talk at the same time, so many are refused`,
      formula: `${talkers} calls, ${slots} slots`,
      because: `the slots belong to ${from.data.owners.join(', ')}`,
      source: 'src/wire/exchange.ts',
      evidence: [from],
    }),
    counts(
      cell,
      `silent-${talkers}`,
      { min: percentOf(share - SHARE_TOLERANCE), max: percentOf(share + SHARE_TOLERANCE) },
      percentOf(silent),
      'percent',
      {
        claim: 'of the capacity that is reserved so much carries nothing: who talks is mostly silent',
        formula: `1 - ${spoken} pieces of speech x ${frameMs} ms / (${connected} calls x ${Math.round(to.time - from.time)} ms), plus or minus ${percentOf(SHARE_TOLERANCE)} %`,
        because: `of ${reserved} slots ${grew('silent', from, to)} were empty, and nobody else could use them`,
        source: 'src/wire/exchange.ts',
        evidence: [from, to],
        short: `${Math.round(100 * silent)} %`,
      },
    ),
    counts(cell, `complete-${talkers}`, talked.data.voices, heard.data.voices, 'pieces', {
      claim: 'who is connected is heard, whole',
      formula: 'as much as was spoken',
      because: 'a slot is kept for it in each frame',
      source: 'src/wire/exchange.ts',
      evidence: [talked, heard],
    }),
    counts(cell, `delay-${talkers}`, { min: 0, max: 2 * frameMs }, Math.round(heard.data.meanMs), 'ms', {
      claim: 'and heard as soon as always, however many others there are',
      formula: `the next frame of the trunk, or the one after: 0 .. 2 x ${frameMs}`,
      because: `on average; the slowest piece took ${Math.round(heard.data.maxMs)} ms`,
      source: 'src/wire/exchange.ts',
      evidence: [heard],
    }),
  ]
}

function byPackets(cell: Cell<CircuitSettings>, talkers: number) {
  const seen = conversationIn(cell, talkers)
  const { serviceMs = Number.NaN, queueMax = Number.NaN } = startedOf(cell)?.data ?? {}
  if (seen === null) return []
  const { from, to, heard, talked, voices } = seen
  const theory = replayed(voices, { serviceMs, queueMax })
  const load = (voices.length * serviceMs) / cell.settings.talkMs
  const dropped = grew('dropped', from, to)
  const around = LATE_VOICES + Math.round(LATE_VOICES_SHARE * voices.length)
  return [
    counts(cell, `accounted-${talkers}`, talked.data.voices - (dropped ?? 0), heard.data.voices, 'packets', {
      claim: `nobody of ${talkers} is refused: each piece of speech is heard, or was dropped by the queue`,
      formula: `${voices.length} spoken - ${dropped} dropped`,
      because: `they make up ${percentOf(load)} % of what the line can do`,
      source: 'src/wire/packet-line.ts',
      evidence: [talked, from, to, heard],
    }),
    counts(
      cell,
      `lost-${talkers}`,
      { min: Math.max(0, theory.lost - around), max: theory.lost === 0 ? 0 : theory.lost + around },
      dropped,
      'packets',
      {
        claim: 'so many are lost, and nobody is told',
        formula: `the same conversation in arithmetic: ${theory.lost}, plus or minus ${around} where any is lost`,
        because: `${queueMax} wait at most`,
        source: 'src/wire/packet-line.ts',
        evidence: [from, to],
        short: `${dropped} lost`,
      },
    ),
    counts(
      cell,
      `delay-${talkers}`,
      {
        min: Math.max(0, Math.floor(theory.meanMs * (1 - LATE_SHARE) - LATE_MS)),
        max: Math.ceil(theory.meanMs * (1 + LATE_SHARE) + LATE_MS),
      },
      Math.round(heard.data.meanMs),
      'ms',
      {
        claim: 'what arrives has waited for those before it',
        formula: `in arithmetic ${theory.meanMs.toFixed(1)} ms on average, plus or minus ${LATE_MS} and ${percentOf(LATE_SHARE)} %`,
        because: `the slowest took ${Math.round(heard.data.maxMs)} ms; a packet alone takes ${serviceMs} ms`,
        source: 'src/wire/packet-line.ts',
        evidence: [heard],
      },
    ),
  ]
}
