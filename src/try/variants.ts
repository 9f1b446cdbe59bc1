/**
 * `--matrix FILE`: several releases of the same programs, each alone on hosts of its own, under the same faults.
 *
 *     { "old": { "client": "node old/client.js" }, "new": { "client": "node new/client.js", "expect": ["cut<10s"] } }
 *
 * What a variant does not say is as in the other options. What is done to it is the same for all of them, or they
 * could not be compared.
 */
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import { readJsonObject } from './json-file.ts'

/** What may differ: the programs, what they print, and what is expected of them. */
const VARIANT_KEYS = [
  'server',
  'client',
  'server-ready',
  'ready',
  'strike-after',
  'down',
  'up',
  'expect',
] as const
/** More are no table for people. */
const VARIANTS_MAX = 10
export const ROW_NAME = /^[a-z][a-z\d-]{0,30}$/
const EXAMPLE = '{"old": {"client": "..."}, "new": {"client": "..."}}'

/** One of them, as the file has it. */
export interface WantedVariant {
  name: string
  values: Record<string, unknown>
}

/** In the order of the file. @throws UsageError */
export function readVariants(file: string): WantedVariant[] {
  const variants = Object.entries(readJsonObject('--matrix', file, EXAMPLE))
  const fail = (why: string): never => {
    throw new UsageError(`--matrix ${file}: ${why}`)
  }
  if (variants.length === 0) fail(`expected variants by their names, ${EXAMPLE}`)
  if (variants.length > VARIANTS_MAX) fail(`${variants.length} variants, and ${VARIANTS_MAX} at most`)
  return variants.map(([name, values]) => {
    if (!ROW_NAME.test(name)) fail(`"${name}" is no name: expected lower-case letters, digits and hyphens`)
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      return fail(`"${name}": expected an object, ${EXAMPLE}`)
    }
    const wrong = Object.keys(values).find((key) => !(VARIANT_KEYS as readonly string[]).includes(key))
    if (wrong !== undefined) {
      fail(
        `"${name}": "${wrong}" is no key of a variant, or is the same for all of them, as an option; ${nearest(wrong, VARIANT_KEYS)}`,
      )
    }
    return { name, values: { ...values } }
  })
}
