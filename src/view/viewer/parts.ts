/** Everything in a ladder that one can point at and ask: why? */
import { addressOf, type LabEvent } from '../../events/vocabulary.ts'
import type { Ladder, Reason, TimerBracket } from '../ladder.ts'
import { eventText, moment } from '../words.ts'

export interface Part {
  /** The same again after the ladder was drawn anew. */
  key: string
  /** The run's milliseconds. */
  at: number
  y: number
  /** Addresses of what it rests on, as far as the ladder itself says. */
  reasons: readonly Reason[]
  /** What it rests on where no single event says it. */
  note: string
  /** Further events, to be looked up in the log. */
  isEvidence?: (event: LabEvent) => boolean
}

/**
 * The parts in the order in which `toSvg` draws them: the n-th is the n-th shape of the picture that has
 * a name of its own (`role="img"`). A test holds the two together.
 */
export function partsOf(ladder: Ladder): Part[] {
  const { pair } = ladder
  const part = (kind: string, at: number, y: number, rest: Partial<Part> & { id: string }): Part => {
    const { id, ...more } = rest
    return { key: `${kind} ${id} ${at}`, at, y, reasons: [], note: '', ...more }
  }
  return [
    ...ladder.faults
      .filter((fault) => fault.lasting)
      .map(({ fault, struck, from, y }) =>
        part('fault', from, y, {
          id: fault,
          note: 'The lab did it, and says here what it did and what showed that it worked.',
          isEvidence: ({ name, data }) =>
            name.startsWith('fault:') && 'struck' in data && data.pair === pair && data.struck === struck,
        }),
      ),
    ...ladder.truths
      .filter((band) => band.truth !== 'absent')
      .map(({ host, truth, from, y, because }) =>
        part('truth', from, y, {
          id: `${host} ${truth}`,
          note: `Known to the lab alone, because: ${because}. No end is told.`,
          isEvidence: (event) => event.name === 'truth:updated' && event.host === host && event.time === from,
        }),
      ),
    ...ladder.beliefs.map(({ host, belief, from, y, why }) =>
      part('belief', from, y, {
        id: `${host} ${belief}`,
        reasons: why,
        note: why.length === 0 ? 'It was so before the first event of this connection.' : '',
      }),
    ),
    ...ladder.kernels.map(({ host, state, timer, from, y, address }) =>
      part('kernel', from, y, {
        id: `${host} ${state} ${timer}`,
        reasons: [{ address, text: "the kernel's socket table changed" }],
      }),
    ),
    ...ladder.disagreements.map(({ host, kind, from, y, belief }) =>
      part('disagreement', from, y, {
        id: `${host} ${kind}`,
        reasons:
          ladder.beliefs.findLast((band) => band.host === host && band.belief === belief && band.from <= from)
            ?.why ?? [],
        note: 'Why it still believes that is told below; only the lab knew what was true meanwhile.',
        isEvidence: (event) => event.name === 'truth:updated' && event.host === host && event.time === from,
      }),
    ),
    ...ladder.breaks.map(({ from, y }) =>
      part('break', from, y, { id: '', note: 'No event of this connection lies in this time.' }),
    ),
    ...ladder.arrows.map(({ kind, source, sentAt, from, evidence, outcome }) =>
      part('arrow', sentAt, from.y, {
        id: `${source} ${kind} ${evidence[0] ?? ''}`,
        reasons: evidence.map((address, index) => ({
          address,
          text: index === 0 ? 'it was sent' : 'it arrived',
        })),
        note: outcome === 'lost' ? 'The other end captured what came before and after, and not this.' : '',
      }),
    ),
    ...ladder.groups.map(({ from, y }) =>
      part('group', from, y, { id: '', note: 'Only repetitions: zoom in to see each of them.' }),
    ),
    ...ladder.timers.map((timer) =>
      part('timer', timer.from, timer.y, {
        id: `${timer.host} ${timer.kind}`,
        note: TIMER_NOTES[timer.kind],
      }),
    ),
  ]
}

const TIMER_NOTES: Record<TimerBracket['kind'], string> = {
  heartbeat: 'The program counts the silence from the last thing it heard.',
  keepalive: 'The kernel counts idle time first, then one interval for each probe without an answer.',
  retransmission: 'The kernel sends unacknowledged data again, each time after twice as long.',
  answer: 'The program counts from its request.',
}

/** An event that somebody asked for. */
export interface Evidence extends Reason {
  /** null: the log has no such event. */
  event: LabEvent | null
}

/** Looks the reasons of a part up in the log. One pass over it: somebody has clicked, nothing hurries. */
export function evidenceOf(
  part: Pick<Part, 'reasons' | 'isEvidence'>,
  events: Iterable<LabEvent>,
): Evidence[] {
  const wanted = new Map(part.reasons.map((reason) => [reason.address, null as LabEvent | null]))
  const further: Evidence[] = []
  for (const event of events) {
    const address = addressOf(event)
    if (wanted.has(address)) wanted.set(address, event)
    else if (part.isEvidence?.(event) === true) further.push({ address, text: eventText(event), event })
  }
  return [
    ...part.reasons.map((reason) => ({ ...reason, event: wanted.get(reason.address) ?? null })),
    ...further,
  ]
}

/** The sentence above the evidence. */
export function whenOf(part: Part, ladder: Ladder): string {
  return `${moment(ladder, part.at, 3)} from the strike, ${(part.at / 1000).toFixed(3)} s into the run`
}
