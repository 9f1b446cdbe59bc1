/**
 * How late a kernel timer may be.
 *
 * The timers of TCP live in Linux's timer wheel (kernel/time/timer.c), which counts in jiffies and files
 * a far timer more coarsely than a near one, since most are cancelled before they fire. It never fires
 * early; so a chain of timers is late by the sum of what each one may be late.
 */
import { libc } from './libc.ts'

/** Timers nearer than this many jiffies are filed exactly (LVL_START in kernel/time/timer.c). */
const EXACT_JIFFIES = 63
/** Each level of the wheel reaches this much further, and is this much coarser (LVL_CLK_DIV). */
const LEVEL_FACTOR = 8
/** The wheel has no more of them; whatever is further away waits in the last one (LVL_DEPTH). */
const LEVELS = 9

/** One tick of the kernel's clock, 1000 / CONFIG_HZ; null where the system does not tell. */
export function jiffyMs(): number | null {
  return libc()?.coarseClockResolutionMs() ?? null
}

/** A timer of `delayMs` fires in (delayMs .. delayMs + this]: up to an eighth late. */
export function timerLatenessMs(delayMs: number, jiffyMs: number): number {
  let granularityJiffies = 1
  for (let level = 1; level < LEVELS; level++) {
    if (delayMs / jiffyMs >= EXACT_JIFFIES * granularityJiffies) granularityJiffies *= LEVEL_FACTOR
  }
  return granularityJiffies * jiffyMs
}
