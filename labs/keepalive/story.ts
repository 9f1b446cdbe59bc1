/** What the lab prints when it is over: one story, the matrix, what each row teaches, what to try next. */
import type { FaultId } from '../../src/faults/registry.ts'
import { type Check, overall, type Verdict } from '../../src/lab/checks.ts'
import type { Plan, Style } from '../../src/lab/lab.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Mechanism } from '../../src/programs/host-messages.ts'
import { SIGNS, shortTime, signOf } from '../../src/view/viewer/signs.ts'
import { endsOfCell } from './judge.ts'
import { kernelWords } from './kernel-words.ts'
import { LESSONS } from './words.ts'

const CELL_WIDTH = 7
const ROW_NAME_WIDTH = 16

export function tell(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  return [
    story(log, plan, style),
    ...(plan.play ? [] : [matrix(log, plan, checks, style), lessons(plan, checks)]),
    summary(checks, style),
    nextToTry(log, plan, checks),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** One cell told as a story: the idle connection under the fault that is quietest here. */
function story(log: LabLog, plan: Plan, style: Style): string {
  const fault: FaultId = log.strike('cut') === undefined ? 'freeze' : 'cut'
  const strike = log.strike(fault)
  if (plan.play || strike === undefined || !plan.mechanisms.includes('tcp-idle')) return ''
  const after = (time: number) => `${((time - strike.at) / 1000).toFixed(1).padStart(5)} s`
  const what =
    fault === 'cut' ? `the cable of ${strike.struck} is cut` : `the programs of ${strike.struck} are frozen`
  const proof =
    log.all('fault:struck').find((event) => event.data.pair === strike.pair)?.data.verifiedBy ?? 'unverified'
  const state = [strike.other, strike.struck].map((host) => {
    const belief = log.beliefAt(host, 'tcp-idle', strike.until)
    const saying = belief === 'up' ? 'connected' : belief
    return `${' '.repeat(9)}${host} says "${saying}"; its kernel: ${kernelWords(log, host, 'tcp-idle', strike.until)}`
  })
  const noticed = firstToNotice(log, plan, strike)
  return [
    style.bold(`The story: ${what}`),
    `${after(strike.at)}  ${what}`,
    `         (${proof})`,
    ...(noticed === undefined ? [] : [`${after(noticed.time)}  ${noticed.text}`]),
    `${after(strike.until)}  the idle connection, which nobody asked to watch anything:`,
    ...state,
    '         Nobody lied: a connection is two beliefs; nothing came to change them.',
  ].join('\n')
}

function firstToNotice(log: LabLog, plan: Plan, strike: Strike): { time: number; text: string } | undefined {
  const firsts = plan.mechanisms.flatMap((mechanism) => {
    const [end] = endsOfCell(log, plan, strike, mechanism)
    const down = end?.changes.find((change) => change.data.new === 'down')
    return down === undefined ? [] : [{ mechanism, down }]
  })
  const first = firsts.sort((one, other) => one.down.time - other.down.time)[0]
  if (first === undefined) return undefined
  const { mechanism, down } = first
  const text = `the first to say "down": ${down.host}, ${mechanism} (${down.data.trigger.replace('_', ' ')})`
  return { time: down.time, text }
}

/** Faults across, mechanisms down, what the other end noticed in each cell. */
function matrix(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const columns = plan.faults.filter((fault) => fault !== 'none')
  const lines = [
    style.bold(
      `Who notices, and after how many seconds? (the ${plan.strike === 'server' ? 'client' : 'server'}s' view)`,
    ),
    ' '.repeat(ROW_NAME_WIDTH) + columns.map((fault) => ` ${headOf(fault)[0].padEnd(CELL_WIDTH)}`).join(''),
    ' '.repeat(ROW_NAME_WIDTH) + columns.map((fault) => ` ${headOf(fault)[1].padEnd(CELL_WIDTH)}`).join(''),
  ].filter((line) => line.trim() !== '')
  for (const mechanism of plan.mechanisms) {
    const cells = columns.map((fault) => {
      const verdict = overall(checks.filter((check) => check.id.startsWith(`${fault}/${mechanism}/`)))
      const text = cellText(log, plan, fault, mechanism).padEnd(CELL_WIDTH)
      return paint(text, verdict, style)
    })
    lines.push(mechanism.padEnd(ROW_NAME_WIDTH) + cells.join(''))
  }
  return [...lines.map((line) => line.trimEnd()), ...control(checks, plan), ...legend(lines.join('\n'))].join(
    '\n',
  )
}

/** A header of two lines: no column is wide enough for `power-off`. */
function headOf(fault: FaultId): [string, string] {
  const [first = '', rest] = fault.split('-')
  return rest === undefined ? ['', first] : [`${first}-`, rest]
}

function cellText(log: LabLog, plan: Plan, fault: FaultId, mechanism: Mechanism): string {
  const strike = log.strike(fault)
  if (strike === undefined) return 'skipped'
  const [end] = endsOfCell(log, plan, strike, mechanism)
  if (end === undefined || end.expectation.kind === 'meaningless') return 'n/a'
  if (strike.problem !== null) return 'unsure'
  const { decisive } = end
  if (decisive === undefined) return 'quiet'
  const { trigger, new: belief } = decisive.data
  return `${signOf(trigger, belief, mechanism)} ${shortTime(decisive.time - strike.at)}`
}

/** The mark before a cell says in a sign what its colour says. */
function paint(text: string, verdict: Verdict, style: Style): string {
  switch (verdict) {
    case 'fail':
      return `!${style.bad(text)}`
    case 'inconclusive':
      return `~${style.doubtful(text)}`
    case 'skipped':
      return ` ${style.dim(text)}`
    case 'pass':
      return ` ${text.startsWith('quiet') ? text : style.good(text)}`
  }
}

function control(checks: readonly Check[], plan: Plan): string[] {
  const controls = checks.filter((check) => check.id.startsWith('none/'))
  if (!plan.faults.includes('none')) return []
  const verdict = overall(controls)
  const quiet = verdict === 'pass' ? 'nobody noticed anything' : verdict
  return [`none (control): nothing happened to ${plan.mechanisms.length} connections; ${quiet}.`]
}

/** Only the signs that stand in this matrix. */
function legend(matrixText: string): string[] {
  const used = Object.entries(SIGNS).filter(([sign]) => matrixText.includes(`${sign} `))
  return [
    ...used.map(([sign, meaning]) => `  ${sign.padEnd(4)}${meaning}`),
    ...(/\bquiet\b/.test(matrixText) ? ['  quiet: no change of belief for the whole watch'] : []),
    ...(/\bn\/a\b/.test(matrixText) ? ['  n/a: the fault has no meaning there'] : []),
    ...(/![A-Zq]/.test(matrixText) ? ['  ! before a cell: a check of it failed'] : []),
    ...(/~[A-Zq]/.test(matrixText) ? ['  ~ before a cell: inconclusive, this machine was too busy'] : []),
  ]
}

function lessons(plan: Plan, checks: readonly Check[]): string {
  return [
    'What each row teaches:',
    ...plan.mechanisms.map((mechanism) => {
      const failed = checks.some((check) => check.verdict === 'fail' && check.id.split('/')[1] === mechanism)
      const lesson = failed ? '(a check of this row failed; see below)' : LESSONS[mechanism]
      return `  ${mechanism.padEnd(ROW_NAME_WIDTH)} ${lesson}`
    }),
  ].join('\n')
}

function summary(checks: readonly Check[], style: Style): string {
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length
  const words = `${count('pass')} checks passed, ${count('fail')} failed, ${count('inconclusive')} inconclusive, ${count('skipped')} skipped.`
  const notable = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')
  const skipped = new Set(checks.filter(({ verdict }) => verdict === 'skipped').map(({ because }) => because))
  return [
    notable.some(({ verdict }) => verdict === 'fail') ? style.bad(words) : words,
    ...notable.map(({ id, verdict, claim, because }) => `  ${verdict}: ${id}: ${claim}: ${because}`),
    ...[...skipped].map((because) => style.dim(`  skipped: ${because}`)),
  ].join('\n')
}

function nextToTry(log: LabLog, plan: Plan, checks: readonly Check[]): string {
  const failed = checks.find(({ verdict }) => verdict === 'fail')
  const [fault, mechanism] = failed?.id.split('/') ?? [
    log.strike('cut') === undefined ? 'freeze' : 'cut',
    'tcp-idle',
  ]
  const other = plan.strike === 'server' ? 'client' : 'server'
  const steps = [
    [`--cell ${fault}/${mechanism}`, 'this cell in full: both ends, kernels, evidence'],
    [`--strike ${other}`, `strike the ${other}'s host instead: who notices now?`],
    ['--play', 'do the killing yourself, from another terminal'],
    [`--seed ${plan.seed}`, 'strike at the same phases again'],
  ]
  return [
    'Try next: npm run lab:keepalive -- ...',
    ...steps.map(([step = '', why]) => `  ${step.padEnd(28)} ${why}`),
  ].join('\n')
}
