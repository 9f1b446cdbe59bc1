/** Whether what a forecast said came true. */
import type { Outlook } from '../../../src/forecast/outlook.ts'
import type { ConnectionReport } from '../../../src/forecast/read.ts'
import type { Span } from '../../../src/kernel/give-up.ts'
import type { Draw } from './draws.ts'

/** Between a timer of the kernel and the stamp of the program that heard of it, on a machine that is busy. */
const SLACK_MS = 300
const STAMP_MS = 20

/** What happened to one socket; times are of one clock, in milliseconds. */
export interface Fate {
  /** null: it lives when the watch is over. */
  endedMs: number | null
  code: string | null
  /** When what was lost was sent. */
  sentMs: number | null
}

export interface Look {
  beganMs: number
  endedMs: number
  report: ConnectionReport
}

export interface Watch {
  /** From before the peers fell silent until after. */
  silence: Span
  endMs: number
  frozen: boolean
  /** It is the own network that fails: what is sent into it was forecast for one that works. */
  ownFails: boolean
}

/** What one look said that did not come true. */
export function misses({ scenario }: Draw, fate: Fate, look: Look, watch: Watch): string[] {
  const { idle, sending, frozen, now } = look.report.forecast
  const found: string[] = []
  const hold = (name: string, outlook: Outlook | null, since: Span | null) => {
    const problem = since === null ? null : problemOf(outlook, fate, since, watch)
    if (problem !== null) found.push(`${name}: ${problem}; it said "${outlook?.words}"`)
  }
  const read = { minMs: look.beganMs, maxMs: look.endedMs }
  const isBefore = look.endedMs < watch.silence.minMs
  if (isBefore) {
    const lostSend = fate.sentMs === null ? null : { minMs: fate.sentMs, maxMs: fate.sentMs }
    if (watch.frozen) {
      if (['idle', 'half-closed', 'window-closed', 'fin-behind-window'].includes(scenario)) {
        hold('frozen', withoutCondition(frozen), read)
      }
    } else if (['idle', 'half-closed', 'close-wait'].includes(scenario)) {
      hold('idle', idle, watch.silence)
      if (!probeWasDue(look, watch)) hold('idle from now', fromNow(idle), read)
    } else if (scenario === 'window-closed' || scenario === 'fin-behind-window') {
      if (!windowWasProbed(look, watch))
        hold('sending', sending, sending?.within?.since === 'reading' ? read : watch.silence)
    } else if (!watch.ownFails) hold('sending', sending, lostSend)
    return found
  }
  // What is sent later begins another wait.
  if (fate.sentMs !== null && look.beganMs < fate.sentMs) return found
  if (now !== null) hold('now', now, read)
  else if (watch.frozen) hold('frozen', withoutCondition(frozen), read)
  else if (['idle', 'half-closed', 'close-wait'].includes(scenario))
    hold('idle from now', fromNow(idle), read)
  else if (look.report.facts.timer === 'zero-window-probe' && !watch.ownFails) hold('sending', sending, read)
  return found
}

/** A probe that was answered between look and silence begins the wait anew. */
function probeWasDue({ report, beganMs }: Look, { silence }: Watch): boolean {
  const { timer, timerLeftMs } = report.facts
  return timer === 'keepalive' && beganMs + timerLeftMs < silence.maxMs + SLACK_MS
}

/** And one of a closed window that was answered doubles the wait for the next: another socket than the one that was read. */
function windowWasProbed({ report, beganMs }: Look, { silence }: Watch): boolean {
  const { timer, timerLeftMs } = report.facts
  return timer === 'zero-window-probe' && beganMs + timerLeftMs < silence.maxMs + STAMP_MS
}

/** A forecast for buffers that fill up says nothing of a program that does not fill them. */
function withoutCondition(frozen: Outlook | null): Outlook | null {
  return frozen?.within?.since === 'closed-window' ? { ...frozen, notices: 'never', within: null } : frozen
}

function fromNow(outlook: Outlook | null): Outlook | null {
  return outlook?.fromNow ? { ...outlook, within: { since: 'reading', ...outlook.fromNow } } : null
}

function problemOf(
  outlook: Outlook | null,
  { endedMs, code }: Fate,
  since: Span,
  { endMs }: Watch,
): string | null {
  if (outlook === null || outlook.notices === 'unknown') return null
  // It says itself that it may be otherwise.
  if (outlook.notices === 'never' && outlook.unless !== null) return null
  const passedMs = { minMs: (endedMs ?? endMs) - since.maxMs, maxMs: (endedMs ?? endMs) - since.minMs }
  const saw = `${endedMs === null ? 'it lives after' : `${code} after`} ${inSeconds(passedMs)}`
  if (outlook.within === null) return endedMs === null ? null : `never, and ${saw}`
  const { minMs, maxMs } = outlook.within
  const said = inSeconds(outlook.within)
  if (!(minMs <= maxMs)) return `no range: ${said}`
  if (passedMs.minMs > maxMs + SLACK_MS) return `${said}, and ${saw}`
  return endedMs !== null && passedMs.maxMs < minMs - STAMP_MS ? `${said}, and ${saw}` : null
}

function inSeconds({ minMs, maxMs }: Span): string {
  return `${(minMs / 1000).toFixed(2)} to ${(maxMs / 1000).toFixed(2)} s`
}
