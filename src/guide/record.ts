/** What the guide keeps of a run: `guide/guide.json`. Everything in it was found in a log, nothing is typed by hand. Pure. */
import * as v from 'valibot'
import type { LabLog } from '../lab/log.ts'
import type { CaseFindings } from '../try/findings.ts'
import type { RowFindings } from '../try/row-findings.ts'
import { SERVER } from '../try/rows.ts'
import { isStruck, wasEnded } from '../try/table.ts'
import { GUIDE_FAULTS } from './entry.ts'

export const GUIDE_SCHEMA = 'stillhere/guide@1'

/** Two runs differ by less than they are rounded to, if they are alike. */
const ROUND_MS = 100
/** Whoever is later than that is later than what two runs may differ by. */
const LATE_MAX_MS = 1000
/** What a user is told in one fault; who says more says the same again. */
const LINES_MAX = 4
const LINE_CHARACTERS_MAX = 200
const TRIES_MAX = 8

const ms = v.pipe(v.number(), v.minValue(0))
const sign = v.nullable(v.strictObject({ afterMs: ms, by: v.string() }))

const endSchema = v.strictObject({
  /** A connection was over; the program said that its peer is gone; it ended. */
  loses: sign,
  says: sign,
  ends: sign,
})

const faultSchema = v.strictObject({
  watchedMs: ms,
  client: endSchema,
  /** null: the fault had ended it. */
  server: v.nullable(endSchema),
  /** What the client's user was told from the fault to the end of the run, each line once. */
  told: v.array(v.string()),
  /** When the client began to connect anew, while the fault lasted. */
  tries: v.array(ms),
  /** The connections of before outlived it, at both ends. */
  kept: v.boolean(),
  /** It was served again so long after the fault was undone, as it said itself; null: it did not say so. */
  backAfterMs: v.nullable(ms),
})

const tcpSchema = v.nullable(
  v.strictObject({
    keepalive: v.boolean(),
    keepaliveIdleMs: ms,
    keepaliveIntervalMs: ms,
    keepaliveProbes: v.number(),
    userTimeoutMs: ms,
  }),
)

const variantSchema = v.strictObject({
  tcp: v.strictObject({ client: tcpSchema, server: tcpSchema }),
  /** As seen where nothing happened; null: none in that time. */
  heartbeat: v.nullable(
    v.strictObject({
      starts: v.picklist(['client', 'server']),
      everyMs: ms,
      bytes: v.nullable(v.number()),
      answered: v.boolean(),
    }),
  ),
  faults: v.strictObject({
    ...(Object.fromEntries(GUIDE_FAULTS.map((fault) => [fault, faultSchema])) as Record<
      (typeof GUIDE_FAULTS)[number],
      typeof faultSchema
    >),
  }),
})

const recordSchema = v.strictObject({
  versions: v.record(v.string(), v.string()),
  /** The day of the run that is kept, and how many later ones agreed with it. */
  day: v.string(),
  agreed: v.number(),
  variants: v.strictObject({ default: variantSchema, own: variantSchema }),
})

export const guideSchema = v.strictObject({
  schema: v.literal(GUIDE_SCHEMA),
  entries: v.record(v.string(), recordSchema),
})

export type Guide = v.InferOutput<typeof guideSchema>
export type EntryRecord = v.InferOutput<typeof recordSchema>
export type VariantRecord = v.InferOutput<typeof variantSchema>
export type FaultRecord = v.InferOutput<typeof faultSchema>
export type EndRecord = v.InferOutput<typeof endSchema>

/** @returns in words, why the run cannot be told of */
export function variantRecordOf(log: LabLog, found: readonly CaseFindings[]): VariantRecord | string {
  const missing = GUIDE_FAULTS.filter((fault) => !found.some((one) => one.fault === fault && one.isWhole))
  if (missing.length > 0) return `${missing.join(', ')} could not be told of`
  const lateMs = Math.max(
    0,
    ...log.all('control:late', { from: log.first('fault:struck')?.time ?? 0 }).map(({ data }) => data.lateMs),
  )
  if (lateMs > LATE_MAX_MS) return `the machine was too busy: a timer was late by ${Math.round(lateMs)} ms`
  const none = found.find(({ fault }) => fault === 'none')
  return {
    tcp: {
      client: tcpOf(clientIn(none)),
      server: tcpOf(none?.rows.find(({ name }) => name === SERVER)),
    },
    heartbeat: heartbeatOf(clientIn(none)),
    faults: Object.fromEntries(
      GUIDE_FAULTS.map((fault) => [
        fault,
        faultRecord(log, found.find((one) => one.fault === fault) as CaseFindings),
      ]),
    ) as VariantRecord['faults'],
  }
}

function clientIn(found: CaseFindings | undefined): RowFindings | undefined {
  return found?.rows.find(({ end }) => end === 'client')
}

function tcpOf(row: RowFindings | undefined): VariantRecord['tcp']['client'] {
  return row?.connections.find(({ options }) => options !== null)?.options ?? null
}

function heartbeatOf(client: RowFindings | undefined): VariantRecord['heartbeat'] {
  const rhythm = client?.heartbeats[0]?.rhythm
  if (rhythm?.everyMs == null || rhythm.starts === null) return null
  return {
    starts: rhythm.starts === 'it' ? 'client' : 'server',
    everyMs: rounded(rhythm.everyMs),
    bytes: rhythm.bytes,
    answered: rhythm.answered === true,
  }
}

function faultRecord(log: LabLog, found: CaseFindings): FaultRecord {
  const client = clientIn(found) as RowFindings
  const server = found.rows.find(({ name }) => name === SERVER) as RowFindings
  const { from, mendedAt, until } = found
  const { host, name } = client
  const told = log
    .all('command:said', { host, from, to: until })
    .filter(({ program }) => program === name)
    .map(({ data }) => data.line.slice(0, LINE_CHARACTERS_MAX))
  const isOver = mendedAt - from < found.watchedMs / 2
  const tries = log
    .all('packet:captured', { host, from, to: isOver ? from + found.watchedMs : mendedAt })
    .filter(({ data }) => data.kind === 'syn' && data.direction === 'sent')
    .map(({ time }) => rounded(time - from))
  return {
    watchedMs: rounded(found.watchedMs),
    client: endRecord(client),
    server: isStruck(server, found) && wasEnded(server, found) ? null : endRecord(server),
    told: [...new Set(told)].slice(0, LINES_MAX),
    tries: tries.slice(0, TRIES_MAX),
    kept: found.survived,
    backAfterMs: found.recoveredAfterMs === null ? null : rounded(found.recoveredAfterMs),
  }
}

function endRecord({ signs }: RowFindings): EndRecord {
  const [loses, says, ends] = [signs.loses, signs.says, signs.ends].map((one) =>
    one === null ? null : { afterMs: rounded(one.afterMs), by: one.by },
  )
  return { loses: loses ?? null, says: says ?? null, ends: ends ?? null }
}

function rounded(ms: number): number {
  return Math.max(0, Math.round(ms / ROUND_MS) * ROUND_MS)
}

/** When an end first noticed anything; null: it did not, while it was watched. */
export function firstMs({ loses, says, ends }: EndRecord): number | null {
  const seen = [loses, says, ends].flatMap((sign) => sign?.afterMs ?? [])
  return seen.length === 0 ? null : Math.min(...seen)
}
