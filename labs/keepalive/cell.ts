/** `--cell cut/tcp-idle`: what this lab says of a cell before its events and checks. */
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { CellName, Plan } from '../../src/lab/plan.ts'
import type { Style } from '../../src/lab/tale.ts'
import { secondsAfter } from '../../src/lab/tell.ts'
import { type EndOfCell, endsOfCell } from './judge.ts'

/** What both ends believed, what their kernels said and what was true. */
export function endsOfCellInWords(
  { case: fault, mechanism }: CellName,
  log: LabLog,
  plan: Plan,
  style: Style,
): string[] {
  const strike = log.strikes.find((one) => one.fault === fault)
  if (strike === undefined) return []
  return endsOfCell(log, plan, strike, mechanism).map((end) => tellEnd(log, strike, mechanism, end, style))
}

function tellEnd(log: LabLog, strike: Strike, mechanism: string, end: EndOfCell, style: Style): string {
  const { host, role, struck, changes } = end
  const start = log.beliefAt(host, mechanism, strike.at)
  const path = [
    start,
    ...changes.map(
      (change) =>
        `${change.data.new} at ${after(change, strike)} s (${change.data.trigger}, ${change.data.certainty})`,
    ),
  ]
  return [
    style.bold(`${host}, the ${role}${struck ? ', struck' : ''}`),
    `  believes   ${path.join(', then ')}`,
    `  kernel     before: ${kernelWords(log, host, mechanism, strike.began)}`,
    `             at the end of the watch: ${kernelWords(log, host, mechanism, strike.until)}`,
    `  truth      its peer was ${log.truthAt(host, strike.began)}, then ${truths(log, host, strike)}`,
    `  ghost time ${ghostTime(log, end, strike)}`,
  ].join('\n')
}

function truths(log: LabLog, host: string, strike: Strike): string {
  const changes = log.all('truth:updated', { host, from: strike.began, to: strike.until })
  return (
    changes.map((change) => `${change.data.new} at ${after(change, strike)} s`).join(', ') ||
    'the same all the time'
  )
}

/** From the moment a truth changed until the belief followed. */
function ghostTime(log: LabLog, { host, changes, expectation }: EndOfCell, strike: Strike): string {
  const changed = log.first('truth:updated', { host, from: strike.began, to: strike.until })
  if (expectation.kind === 'gone') return 'none: nobody is left here to believe anything'
  if (changed === undefined) return 'none: what it believes of its peer stayed true'
  const followed = changes.find((change) => change.time >= changed.time && change.data.new !== 'up')
  if (followed !== undefined) return `${((followed.time - changed.time) / 1000).toFixed(2)} s`
  return `the whole watch, ${((strike.until - changed.time) / 1000).toFixed(1)} s and no end`
}

function after(event: { time: number }, strike: Strike): string {
  return secondsAfter(event, strike.at)
}
