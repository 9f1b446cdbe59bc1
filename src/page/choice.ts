/** A choice as a command line: the page starts nothing that could not be typed, and says how. */
import { ownCommand } from '../project/package.ts'
import type { Choice, LabSetup } from './messages.ts'

/** The arguments of `npm run lab:<id> --`, without those that are the default anyway. */
export function argumentsOf(
  choice: Choice,
  lab: Pick<LabSetup, 'cases' | 'mechanisms' | 'hasStrike'>,
): string[] {
  const only = [
    // In play what happens is the learner's own choice.
    ...(choice.play || choice.cases.length === lab.cases.length ? [] : choice.cases),
    ...(choice.mechanisms.length === lab.mechanisms.length ? [] : choice.mechanisms),
  ]
  return [
    ...(choice.play ? ['--play'] : []),
    ...(choice.hosts === 'auto' ? [] : ['--hosts', choice.hosts]),
    ...(choice.play || !lab.hasStrike || choice.strike === 'server' ? [] : ['--strike', choice.strike]),
    ...(choice.play || choice.predict ? [] : ['--no-predict']),
    ...(only.length === 0 ? [] : ['--only', only.join(',')]),
  ]
}

export function commandOf(choice: Choice, lab: Parameters<typeof argumentsOf>[1]): string {
  return ownCommand(`lab ${choice.lab}`, argumentsOf(choice, lab).join(' '))
}
