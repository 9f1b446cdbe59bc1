/** `--cell cut/tcp-idle`: what this lab says of a cell before its events and checks. */
import { roleOf } from '../../src/events/host-names.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Style } from '../../src/lab/tale.ts'
import { secondsAfter } from '../../src/lab/tell.ts'
import type { CellName, Plan } from '../../src/plan/plan.ts'
import { bothEnds, type EndOfCell } from './judge.ts'
import { type Struck, seenOn } from './struck.ts'

/** What both ends believed, what their kernels said and what was true. */
export function endsOfCellInWords(
  { case: fault, mechanism }: CellName,
  log: LabLog,
  plan: Plan,
  style: Style,
): string[] {
  const strike = log.strikes.find((one) => one.fault === fault)
  if (strike === undefined) return []
  const seen = seenOn(log, plan, strike, mechanism)
  return bothEnds(seen).map((one) => tellEnd(seen, one, style))
}

function tellEnd(seen: Struck, one: EndOfCell, style: Style): string {
  const { cell, strike } = seen
  const { end, isStruck, changes } = one
  const path = changes.map(
    (change) =>
      `${change.data.new} at ${secondsAfter(change, strike.at)} s (${change.data.trigger}, ${change.data.certainty})`,
  )
  const truths = end
    .ofHost('truth:updated', { from: strike.began })
    .map((change) => `${change.data.new} at ${secondsAfter(change, strike.at)} s`)
  return [
    style.bold(`${end.host}, the ${roleOf(end.host)}${isStruck ? ', struck' : ''}`),
    `  believes   ${[end.belief(strike.at), ...path].join(', then ')}`,
    `  kernel     before: ${end.kernel(strike.began)}`,
    `             at the end of the watch: ${end.kernel(strike.until)}`,
    `  truth      its peer was ${cell.log.truthAt(end.host, strike.began)}, then ${truths.join(', ') || 'the same all the time'}`,
    `  ghost time ${ghostTime(seen, one)}`,
  ].join('\n')
}

/** From the moment a truth changed until the belief followed. */
function ghostTime({ strike }: Struck, { end, changes, expectation }: EndOfCell): string {
  const [changed] = end.ofHost('truth:updated', { from: strike.began })
  if (expectation.kind === 'gone') return 'none: nobody is left here to believe anything'
  if (changed === undefined) return 'none: what it believes of its peer stayed true'
  const followed = changes.find((change) => change.time >= changed.time && change.data.new !== 'up')
  if (followed !== undefined) return `${((followed.time - changed.time) / 1000).toFixed(2)} s`
  return `the whole watch, ${((strike.until - changed.time) / 1000).toFixed(1)} s and no end`
}
