/**
 * What somebody expects of their program under a fault, in a line:
 *
 *     FAULT[@END]<TIME            an end notices within TIME
 *     FAULT[@END]:unnoticed       it does not notice for the whole watch
 *     FAULT:survives              the connections of before are still there afterwards, at both ends
 *     FAULT:recovers<TIME         data arrives again within TIME after the fault is undone, each way it went before
 *
 * FAULT is one of `tryFaults`; END is `client` or `server`, and the one that was not struck where it is left
 * out; TIME is a number with `ms`, `s` or `m`. As in `cut<10s`, `freeze@client:unnoticed`, `blip:survives`,
 * `reboot:recovers<30s`.
 */
import { type Role, roles } from '../events/host-names.ts'
import { type TryFault, tryFaults } from './faults.ts'

export type Expectation = { readonly text: string; readonly fault: TryFault } & (
  | { readonly kind: 'notices'; readonly end: Role | null; readonly withinMs: number }
  | { readonly kind: 'unnoticed'; readonly end: Role | null }
  | { readonly kind: 'survives' }
  | { readonly kind: 'recovers'; readonly withinMs: number }
)

const MS = { ms: 1, s: 1000, m: 60_000 } as const
const SHAPE = /^([a-z-]+)(?:@([a-z]+))?(?:<(.+)|:(unnoticed|survives)|:recovers<(.+))$/
export const EXAMPLES = 'cut<10s, freeze@client:unnoticed, blip:survives, reboot:recovers<30s'

/** A line that is no expectation: `message` says what is wrong, and what would be right. */
export class ExpectationError extends Error {
  override name = 'ExpectationError'
}

/** @throws ExpectationError */
export function parseExpectation(text: string): Expectation {
  const [, fault = '', end, within, word, recovery] = SHAPE.exec(text.replaceAll(/\s/g, '')) ?? []
  if (fault === '') throw new ExpectationError(`"${text}" is no expectation; it looks like ${EXAMPLES}`)
  if (!isOneOf(tryFaults, fault)) {
    throw new ExpectationError(`"${text}": no fault "${fault}"; there are ${tryFaults.join(', ')}`)
  }
  if (end !== undefined && !isOneOf(roles, end)) {
    throw new ExpectationError(`"${text}": no end "${end}"; there are client and server`)
  }
  const about = { text, fault }
  if (within !== undefined)
    return { ...about, kind: 'notices', end: end ?? null, withinMs: timeOf(text, within) }
  if (word === 'unnoticed') return { ...about, kind: 'unnoticed', end: end ?? null }
  if (end !== undefined) throw new ExpectationError(`"${text}" is about both ends; leave "@${end}" out`)
  if (word === 'survives') return { ...about, kind: 'survives' }
  return { ...about, kind: 'recovers', withinMs: timeOf(text, recovery ?? '') }
}

/** A time as people write it: `500ms`, `10s`, `1.5m`. Null for anything else. */
export function parseTime(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  return number === undefined ? null : Number(number) * MS[unit as keyof typeof MS]
}

function timeOf(expectation: string, text: string): number {
  const time = parseTime(text)
  if (time !== null) return time
  throw new ExpectationError(`"${expectation}": "${text}" is no time; it looks like 500ms, 10s or 2m`)
}

function isOneOf<T extends string>(all: readonly T[], word: string): word is T {
  return (all as readonly string[]).includes(word)
}
