/** `--cell cut/tcp-idle`: one cell of the last run in full. */
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { FaultId } from '../../src/faults/registry.ts'
import { faults } from '../../src/faults/registry.ts'
import type { Check } from '../../src/lab/checks.ts'
import type { Plan, Style } from '../../src/lab/lab.ts'
import { type LabLog, mechanismOf, type Strike } from '../../src/lab/log.ts'
import type { Mechanism } from '../../src/programs/host-messages.ts'
import { type EndOfCell, endsOfCell } from './judge.ts'
import { kernelWords } from './kernel-words.ts'

export function tellCell(
  { fault, mechanism }: { fault: FaultId; mechanism: Mechanism },
  log: LabLog,
  plan: Plan,
  checks: readonly Check[],
  style: Style,
): string {
  const own = checks.filter((check) => check.id.startsWith(`${fault}/${mechanism}/`))
  const strike = log.strike(fault)
  const head = `${style.bold(`${fault}/${mechanism}`)}  run ${plan.run}, ${plan.tier} hosts, ${plan.pace} pace`
  const promise = `${fault}: ${faults[fault].promise}`
  if (own.length === 0)
    return `${head}\n${promise}\nThe last run did not include this cell: run it with --only ${fault}/${mechanism}`
  return [
    head,
    promise,
    ...(strike === undefined
      ? []
      : endsOfCell(log, plan, strike, mechanism).map((end) => tellEnd(log, strike, mechanism, end, style))),
    ...(strike === undefined
      ? []
      : [style.bold('What happened, seconds after the fault'), ...timeline(log, strike, mechanism)]),
    style.bold('Checks'),
    ...own.map((check) => tellCheck(check, style)),
  ].join('\n')
}

function tellEnd(log: LabLog, strike: Strike, mechanism: Mechanism, end: EndOfCell, style: Style): string {
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

/** The events of this cell, without the repetitions of every second. */
function timeline(log: LabLog, strike: Strike, mechanism: Mechanism): string[] {
  const ours = log.events.filter(
    (event) =>
      event.time >= strike.began &&
      (event.host === strike.struck ||
        event.host === strike.other ||
        ('pair' in event.data && event.data.pair === strike.pair)) &&
      (mechanismOf(event) === mechanism || (event.group_id === undefined && !ROUTINE.includes(event.name))),
  )
  return ours.map(
    (event) =>
      `  ${after(event, strike).padStart(7)}  ${addressOf(event).padEnd(30)} ${event.name} ${dataWords(event)}`,
  )
}

const ROUTINE = ['command:run', 'kernel:sysctls_read', 'program:started', 'program:ready']

function dataWords(event: LabEvent): string {
  if (event.name === 'kernel:socket_updated') {
    const words = (socket: typeof event.data.old) =>
      socket === null
        ? 'no entry'
        : `${socket.state}/${socket.timer}/probes ${socket.unansweredProbes}/sent again ${socket.retransmits}`
    return `${words(event.data.old)} -> ${words(event.data.new)}`
  }
  return Object.entries(event.data)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

function tellCheck(check: Check, style: Style): string {
  const { expected, observed } = check
  const range =
    'min' in expected
      ? `${expected.min} .. ${expected.max} ms`
      : 'oneOf' in expected
        ? expected.oneOf.join(' or ')
        : 'nothing'
  const seen =
    observed.value === null
      ? `nothing${observed.watchedMs === undefined ? '' : `, for ${observed.watchedMs} ms`}`
      : `${observed.value}${observed.unit === undefined ? '' : ` ${observed.unit}`}`
  const verdict = check.verdict === 'fail' ? style.bad(check.verdict) : check.verdict
  return [
    `  ${check.id}: ${verdict}`,
    `    claim     ${check.claim}`,
    ...(check.formula === '' ? [] : [`    formula   ${check.formula}`]),
    `    expected  ${range}`,
    `    observed  ${seen}`,
    `    because   ${check.because}`,
    ...(check.source === '' ? [] : [`    source    ${check.source}`]),
    ...(check.evidence.length === 0 ? [] : [`    evidence  ${check.evidence.join(' ')}`]),
  ].join('\n')
}

function after(event: { time: number }, strike: Strike): string {
  return ((event.time - strike.at) / 1000).toFixed(3)
}
