/** What the data of events is made of. */
import * as v from 'valibot'

/** No run and no timer of a kernel is longer: a number beyond is none of ours, and nobody is to count up to it. */
export const TIME_MAX_MS = 366 * 24 * 3_600_000
/** Before the run began: a container's engine tells of what it did earlier. */
export const TIME_MIN_MS = -24 * 3_600_000

export const text = v.string()
/** JSON has no Infinity, but 1e999, and would write it as null. */
export const finite = v.pipe(v.number(), v.finite())
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(TIME_MAX_MS))
/** What hosts, cases and rows are called: files and network interfaces bear such names. */
export const name = v.pipe(
  text,
  v.regex(/^[a-z][a-z\d-]{0,63}$/, 'expected lower-case letters, digits and hyphens'),
)
export const nothing = v.strictObject({})

/** `address:port`, as in `10.0.1.2:7003`. */
export const socketAddress = v.string()

/** `definite`: somebody said so. `unknown`: only silence, which proves nothing. */
export const certainties = ['definite', 'unknown'] as const
export type Certainty = (typeof certainties)[number]
