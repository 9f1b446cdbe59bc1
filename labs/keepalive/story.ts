/** What the lab says of a run in its own words: one story, the matrix, what each row teaches. */
import { type Check, overall, type Verdict } from '../../src/lab/checks.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import { killOn } from '../../src/lab/kills.ts'
import type { Story } from '../../src/lab/lab.ts'
import type { LabLog, Strike } from '../../src/lab/log.ts'
import type { Style } from '../../src/lab/tale.ts'
import { cellId, cellOfCheck, type Plan } from '../../src/plan/plan.ts'
import type { Mechanism } from '../../src/programs/scripts/host-messages.ts'
import { decisiveChange } from '../../src/view/noticed.ts'
import { shortTime, signMeanings, signOf, Waits } from '../../src/view/viewer/signs.ts'
import { bothEnds } from './judge.ts'
import { seenOn } from './struck.ts'

/** What each row shows, for somebody who has just seen it. */
export const LESSONS: Record<Mechanism, string> = {
  udp: 'send() succeeds, whether anybody is there or not.',
  'udp-heartbeat': 'a belief that programs keep alive, without any connection.',
  'tcp-idle': 'sends nothing, so nobody sees that the wire is cut.',
  'tcp-keepalive': 'asks the kernel: a frozen program counts as alive.',
  'tcp-busy': 'unacknowledged data ends it; keepalive did not help.',
  'tcp-user-timeout': 'patience in milliseconds, but still only that of the kernel.',
  'tcp-heartbeat': 'asks the program, and so sees the frozen one.',
  'http-session': 'the session outlives the connection, not the server.',
  websocket: 'its ping is a heartbeat; a clean close is announced twice.',
}

const CELL_WIDTH = 7
const ROW_NAME_WIDTH = 16

/** One cell told as a story: the idle connection under the fault that is quietest here. */
export function story(log: LabLog, plan: Plan): Story | null {
  // Whom somebody else has killed meanwhile has no story of its own to tell.
  const strike = [log.strike('cut'), log.strike('freeze')].find(
    (one) => one !== undefined && killOn(log, one.pair) === undefined,
  )
  if (plan.play || strike === undefined || !plan.mechanisms.includes('tcp-idle')) return null
  const { fault } = strike
  const after = (time: number) => `${((time - strike.at) / 1000).toFixed(1)} s`
  const what =
    fault === 'cut' ? `the cable of ${strike.struck} is cut` : `the programs of ${strike.struck} are frozen`
  const proof =
    log.all('fault:struck').find((event) => event.data.pair === strike.pair)?.data.verifiedBy ?? 'unverified'
  const state = [strike.other, strike.struck].map((host) => {
    const belief = log.beliefAt(host, 'tcp-idle', strike.until)
    const saying = belief === 'up' ? 'connected' : belief
    return `${host} says "${saying}"; its kernel: ${kernelWords(log, host, 'tcp-idle', strike.until)}`
  })
  const noticed = firstToNotice(log, plan, strike)
  return {
    cell: cellId(fault, 'tcp-idle'),
    heading: `The story: ${what}`,
    entries: [
      { term: after(strike.at), lines: [what, `(${proof})`] },
      ...(noticed === undefined ? [] : [{ term: after(noticed.time), lines: [noticed.text] }]),
      {
        term: after(strike.until),
        lines: [
          'the idle connection, which nobody asked to watch anything:',
          ...state,
          'Nobody lied: a connection is two beliefs; nothing came to change them.',
        ],
      },
    ],
  }
}

function firstToNotice(log: LabLog, plan: Plan, strike: Strike): { time: number; text: string } | undefined {
  const firsts = plan.mechanisms.flatMap((mechanism) => {
    const [end] = bothEnds(seenOn(log, plan, strike, mechanism))
    const down = end?.changes.find((change) => change.data.new === 'down')
    return down === undefined ? [] : [{ mechanism, down }]
  })
  const first = firsts.sort((one, other) => one.down.time - other.down.time)[0]
  if (first === undefined) return undefined
  const { mechanism, down } = first
  const text = `the first to say "down": ${down.host}, ${mechanism} (${down.data.trigger.replace('_', ' ')})`
  return { time: down.time, text }
}

/** Faults across, mechanisms down, what the other end noticed in each cell; then what the signs mean. */
export function table(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const table = tableLines(log, plan, checks, style)
  return [...table, ...control(checks, plan), ...legend(table.join('\n'), log)].join('\n')
}

/** The same with the table last. */
export function board(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  const table = tableLines(log, plan, checks, style)
  return [
    'In the table below',
    ...legend(table.join('\n'), log),
    '',
    ...table,
    ...control(checks, plan),
  ].join('\n')
}

/** In as many parts as the columns need. */
function tableLines(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string[] {
  const columns = plan.cases.filter((fault) => fault !== 'none')
  const atOnce = Math.max(1, Math.floor((style.columns - ROW_NAME_WIDTH) / (CELL_WIDTH + 1)))
  const lines = [
    style.bold(
      `Who notices, and after how many seconds? (the ${plan.strike === 'server' ? 'client' : 'server'}s' view)`,
    ),
  ]
  for (let at = 0; at < columns.length; at += atOnce) {
    lines.push(...partOfTable(columns.slice(at, at + atOnce), log, plan, checks, style))
  }
  return lines.map((line) => line.trimEnd())
}

function partOfTable(
  columns: readonly string[],
  log: LabLog,
  plan: Plan,
  checks: readonly Check[],
  style: Style,
): string[] {
  const lines = [
    ' '.repeat(ROW_NAME_WIDTH) + columns.map((fault) => ` ${headOf(fault)[0].padEnd(CELL_WIDTH)}`).join(''),
    ' '.repeat(ROW_NAME_WIDTH) + columns.map((fault) => ` ${headOf(fault)[1].padEnd(CELL_WIDTH)}`).join(''),
  ].filter((line) => line.trim() !== '')
  for (const mechanism of plan.mechanisms) {
    const cells = columns.map((fault) => {
      const verdict = overall(checks.filter((check) => cellOfCheck(check.id) === cellId(fault, mechanism)))
      const text = cellText(log, plan, fault, mechanism).padEnd(CELL_WIDTH)
      return paint(text, verdict, style)
    })
    lines.push(mechanism.padEnd(ROW_NAME_WIDTH) + cells.join(''))
  }
  return lines
}

/** A header of two lines: no column is wide enough for `power-off`. */
function headOf(fault: string): [string, string] {
  const [first = '', rest] = fault.split('-')
  return rest === undefined ? ['', first] : [`${first}-`, rest]
}

function cellText(log: LabLog, plan: Plan, fault: string, mechanism: string): string {
  const strike = log.strikeOn(fault)
  if (strike === undefined) return 'skipped'
  const [end] = bothEnds(seenOn(log, plan, strike, mechanism))
  if (end === undefined) return 'n/a'
  if (strike.problem !== null) return 'unsure'
  const decisive = decisiveChange(end.changes, ({ data }) => data)
  if (decisive === undefined) {
    return ['meaningless', 'unpredictable'].includes(end.expectation.kind) ? 'n/a' : 'quiet'
  }
  const { trigger, new: belief } = decisive.data
  return `${signOf(trigger, belief, mechanism)} ${shortTime(Math.max(0, decisive.time - strike.at))}`
}

/** The mark before a cell says by a sign what its colour says. */
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
  if (!plan.cases.includes('none')) return []
  const verdict = overall(controls)
  const quiet = verdict === 'pass' ? 'nobody noticed anything' : verdict
  return [`none (control): nothing happened to ${plan.mechanisms.length} connections; ${quiet}.`]
}

/** Only the signs that stand in this matrix. */
function legend(matrixText: string, log: LabLog): string[] {
  const waits = new Waits()
  for (const event of log.events) waits.note(event)
  const used = signMeanings((sign) => matrixText.includes(`${sign} `), waits)
  return [
    ...used.map(([sign, meaning]) => `  ${sign.padEnd(4)}${meaning}`),
    ...(/\bquiet\b/.test(matrixText) ? ['  quiet: no change of belief for the whole watch'] : []),
    ...(/\bn\/a\b/.test(matrixText) ? ['  n/a: the fault has no meaning there'] : []),
    ...(/![A-Zq]/.test(matrixText) ? ['  ! before a cell: a check of it failed'] : []),
    ...(/~[A-Zq]/.test(matrixText) ? ['  ~ before a cell: inconclusive, this machine was too busy'] : []),
  ]
}
