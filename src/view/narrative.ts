/** The picture in words: a paragraph, and a table. For those who do not see it, and for tests. */
import type { Disagreement, Ladder } from './ladder.ts'
import {
  arrowSentence,
  beliefSentence,
  disagreementSentence,
  duration,
  faultSentence,
  moment,
} from './words.ts'

/** One line of the table. */
export interface Row {
  /** The run's milliseconds, for sorting and for jumping there. */
  at: number
  /** `+4.80 s`. */
  time: string
  who: string
  what: string
}

/** One paragraph: what was done, what each end believed, for how long it was wrong, what was lost. */
export function narrativeOf(ladder: Ladder): string {
  const hosts = ladder.lanes.map((lane) => lane.host)
  const sentences = [
    ...(ladder.faults.length === 0
      ? [`no fault strikes ${ladder.connection} between ${hosts.join(' and ')}`]
      : ladder.faults.map((fault) => faultSentence(ladder, fault))),
    ...hosts.flatMap((host) => [beliefsOf(ladder, host), ...ghostsOf(ladder, host)]),
    ...lossesOf(ladder),
  ]
  return sentences.map((words) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`).join(' ')
}

function beliefsOf(ladder: Ladder, host: string): string {
  const bands = ladder.beliefs.filter((band) => band.host === host)
  const steps = bands.flatMap((band) => {
    if (band.belief === 'none') return [`ends at ${moment(ladder, band.from)}`]
    if (band.trigger === null) return []
    const proof = band.certainty === 'unknown' && band.trigger !== 'started' ? ', which proves nothing' : ''
    return [`believes its peer ${band.belief} at ${moment(ladder, band.from)} (${band.trigger}${proof})`]
  })
  if (steps.length === 0) return `${host} believes its peer ${bands[0]?.belief ?? 'unknown'} all the time`
  return `${host} ${steps.join(', then ')}`
}

function ghostsOf(ladder: Ladder, host: string): string[] {
  const ghosts = ladder.disagreements.filter((one) => one.host === host && one.kind === 'ghost')
  if (ghosts.length === 0) return ladder.struck ? [`${host} never believes what is not there`] : []
  return ghosts.map((ghost) => ghostSentence(ladder, ghost))
}

function ghostSentence(ladder: Ladder, ghost: Disagreement): string {
  return `${disagreementSentence(ladder, ghost)}, its ghost time`
}

function lossesOf(ladder: Ladder): string[] {
  const drawn = ladder.arrows.length + ladder.groups.reduce((sum, group) => sum + group.count, 0)
  if (drawn === 0) return []
  const lost = ladder.arrows.filter((arrow) => arrow.outcome === 'lost').length
  const unseen = ladder.arrows.filter((arrow) => arrow.outcome === 'unseen').length
  const what = ladder.arrows.some((arrow) => arrow.observed === 'packets') ? 'packets' : 'messages'
  return [
    `of ${drawn} ${what} ${lost === 0 ? 'none is known to be lost' : `${lost} never arrived`}`,
    ...(unseen === 0 ? [] : [`of ${unseen} the log does not say whether they were received`]),
  ]
}

/** Everything in the picture, in order of time. */
export function rowsOf(ladder: Ladder): Row[] {
  const row = (at: number, who: string, what: string): Row => ({ at, time: moment(ladder, at, 3), who, what })
  const rows = [
    ...ladder.faults.flatMap((fault) => [
      row(fault.from, 'truth', faultSentence(ladder, fault)),
      ...(fault.undone ? [row(fault.to, 'truth', `${fault.fault} on ${fault.struck} is undone`)] : []),
    ]),
    ...ladder.truths
      .filter((band) => band.truth !== 'absent')
      .map((band) => row(band.from, 'truth', `${band.peer} is ${band.truth} for ${band.host}`)),
    ...ladder.beliefs
      .filter((band) => band.why.length > 0)
      .map((band) =>
        row(
          band.from,
          band.host,
          `${beliefSentence(ladder, band)}; why: ${band.why.map((reason) => `${reason.address} ${reason.text}`).join('; ')}`,
        ),
      ),
    ...ladder.disagreements.map((one) => row(one.from, one.host, disagreementSentence(ladder, one))),
    ...ladder.kernels.map((band) =>
      row(
        band.from,
        `kernel of ${band.host}`,
        `${band.state}${band.timer === 'none' ? '' : `, ${band.timer} timer`}`,
      ),
    ),
    ...ladder.kernelMarks.map((mark) => row(mark.at, `kernel of ${mark.host}`, mark.text)),
    ...ladder.arrows.map((arrow) => row(arrow.sentAt, arrow.source, arrowSentence(ladder, arrow))),
    ...ladder.groups.map((group) =>
      row(
        group.from,
        'both ends',
        `${group.count} arrivals until ${moment(ladder, group.to, 3)}: ${group.text}`,
      ),
    ),
    ...ladder.timers.map((timer) =>
      row(timer.from, `timer of ${timer.host}`, `${timer.text}, until ${moment(ladder, timer.to, 3)}`),
    ),
    ...ladder.breaks.map((gap) => row(gap.from, 'nobody', duration(gap.to - gap.from, 1))),
  ]
  return rows.sort((one, other) => one.at - other.at)
}
