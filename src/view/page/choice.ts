/** A choice as a command line: the page starts nothing that could not be typed, and says how. */
import type { Choice, Setup } from './messages.ts'

/** The arguments of `npm run lab:<id> --`, without those that are the default anyway. */
export function argumentsOf(choice: Choice, all: { faults: number; mechanisms: number }): string[] {
  const only = [
    // In play the faults are the learner's own.
    ...(choice.play || choice.faults.length === all.faults ? [] : choice.faults),
    ...(choice.mechanisms.length === all.mechanisms ? [] : choice.mechanisms),
  ]
  return [
    ...(choice.play ? ['--play'] : []),
    ...(choice.hosts === 'auto' ? [] : ['--hosts', choice.hosts]),
    ...(choice.play || choice.strike === 'server' ? [] : ['--strike', choice.strike]),
    ...(choice.play || choice.predict ? [] : ['--no-predict']),
    ...(only.length === 0 ? [] : ['--only', only.join(',')]),
  ]
}

export function commandOf(choice: Choice, setup: Pick<Setup, 'faults' | 'mechanisms'>): string {
  const all = { faults: setup.faults.length, mechanisms: setup.mechanisms.length }
  const args = argumentsOf(choice, all)
  return [`npm run lab:${choice.lab}`, ...(args.length === 0 ? [] : ['--', ...args])].join(' ')
}
