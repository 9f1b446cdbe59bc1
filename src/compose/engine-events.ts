/**
 * What `docker events --format '{{json .}}'` prints, one JSON object a line: the engine itself says what it did
 * and when. It is piped to us by whoever may talk to the engine; we never do.
 */
import * as v from 'valibot'

/** What happens to a container or its network card; execs, health checks and images are nothing to us. */
const ACTIONS = ['kill', 'die', 'stop', 'start', 'restart', 'pause', 'unpause', 'connect', 'disconnect']
/** A hostname is this many characters, the first ones of the id. */
const SHORT_ID = 12

const lineSchema = v.object({
  Type: v.picklist(['container', 'network']),
  Action: v.string(),
  Actor: v.object({ ID: v.string(), Attributes: v.optional(v.record(v.string(), v.string()), {}) }),
  timeNano: v.number(),
})

export interface EngineEvent {
  action: string
  /** As its hostname. */
  container: string
  /** CLOCK_REALTIME of the engine's machine. */
  atNs: bigint
}

/** @returns null for what is no news of a container, or no such line at all */
export function parseEngineEvent(line: string): EngineEvent | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  const parsed = v.safeParse(lineSchema, value)
  if (!parsed.success || !ACTIONS.includes(parsed.output.Action)) return null
  const { Type, Action, Actor, timeNano } = parsed.output
  const id = Type === 'container' ? Actor.ID : Actor.Attributes.container
  if (id === undefined || !/^[0-9a-f]{12,64}$/.test(id)) return null
  // The number is beyond what a double holds to the nanosecond: it is right to a quarter of a microsecond.
  return { action: Action, container: id.slice(0, SHORT_ID), atNs: BigInt(Math.round(timeNano)) }
}
