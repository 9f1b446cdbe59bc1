/**
 * A run's events as small as they get without losing anything: a report of 100,000 events has to fit a mail.
 *
 * Each event becomes one line `[since the one before, who, lines since their last, name, connection, data]`.
 * gzip alone leaves 32 bytes of an event, since it sees no pattern in stamps and counters that always grow;
 * as differences they are small numbers that repeat, and 17 bytes remain.
 */
import type { EventName, LabEvent } from '../../events/vocabulary.ts'

export const PACK_SCHEMA = 'stillhere/packed@1'

type Who = [host: string, incarnation: number, program: string, pid: number, outerPid: number | null]
type Line = [sinceNs: number, who: number, skipped: number, name: number, connection: number, data: unknown]

interface Head<T> {
  schema: typeof PACK_SCHEMA
  count: number
  /** Whatever belongs to the events. */
  about: T
  run: string
  lab: string
  /** What each event's `time` counts from. */
  startNs: string
  who: Who[]
  names: string[]
  /** The first is that of events without one. */
  connections: (string | null)[]
}

/** @param events of one run, in order of time */
export function pack<T>(about: T, events: readonly LabEvent[]): string {
  const who = new Numbered<string>()
  const names = new Numbered<string>()
  const connections = new Numbered<string | null>()
  connections.of(null)
  const [first] = events
  const startNs = startOf(events)
  const lastSeq = new Map<number, number>()
  let before = startNs
  const lines = events.map((event) => {
    const { mono, seq, host, incarnation, program, pid, outerPid, name, group_id, data } = event
    const at = BigInt(mono)
    const process = outerPid ?? pid
    const line: Line = [
      Number(at - before),
      who.of(JSON.stringify([host, incarnation, program, pid, outerPid ?? null] satisfies Who)),
      seq - (lastSeq.get(process) ?? -1) - 1,
      names.of(name),
      connections.of(group_id ?? null),
      data,
    ]
    before = at
    lastSeq.set(process, seq)
    return JSON.stringify(line)
  })
  const head: Head<T> = {
    schema: PACK_SCHEMA,
    count: events.length,
    about,
    run: first?.run ?? '',
    lab: first?.lab ?? '',
    startNs: String(startNs),
    who: who.all.map((one) => JSON.parse(one) as Who),
    names: names.all,
    connections: connections.all,
  }
  return [JSON.stringify(head), ...lines].join('\n')
}

/** @throws Error that says what is wrong with the text, when it is not what {@link pack} made */
export function unpack<T>(text: string): { about: T; events: LabEvent[] } {
  const lines = text.split('\n')
  const head = JSON.parse(lines[0] ?? '') as Head<T>
  if (head.schema !== PACK_SCHEMA) {
    throw new Error(`these events are written as "${head.schema}", and this page reads "${PACK_SCHEMA}"`)
  }
  if (lines.length - 1 !== head.count) {
    throw new Error(`there should be ${head.count} events, and there are ${lines.length - 1}`)
  }
  const startNs = BigInt(head.startNs)
  const lastSeq = new Map<number, number>()
  let at = startNs
  const events = lines.slice(1).map((text) => {
    const [sinceNs, whoIndex, skipped, name, connection, data] = JSON.parse(text) as Line
    const [host, incarnation, program, pid, outerPid] = head.who[whoIndex] as Who
    at += BigInt(sinceNs)
    const process = outerPid ?? pid
    const seq = (lastSeq.get(process) ?? -1) + 1 + skipped
    lastSeq.set(process, seq)
    const groupId = head.connections[connection] ?? null
    return {
      mono: String(at),
      seq,
      run: head.run,
      lab: head.lab,
      host,
      incarnation,
      program,
      pid,
      name: head.names[name] as EventName,
      ...(groupId === null ? {} : { group_id: groupId }),
      data,
      time: Number((at - startNs) / 1000n) / 1000,
      ...(outerPid === null ? {} : { outerPid }),
    } as LabEvent
  })
  return { about: head.about, events }
}

/**
 * The start of the run. The recorder cut each `time` off after the microsecond, so every event puts it up
 * to one too late; the earliest of these gives every event its own `time` back, digit by digit.
 */
function startOf(events: readonly LabEvent[]): bigint {
  let earliest: bigint | null = null
  for (const { mono, time } of events) {
    const start = BigInt(mono) - BigInt(Math.round(time * 1000)) * 1000n
    if (earliest === null || start < earliest) earliest = start
  }
  return earliest ?? 0n
}

/** Gives each different value a number, in order of appearance. */
class Numbered<T> {
  readonly #numbers = new Map<T, number>()

  of(value: T): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    this.#numbers.set(value, this.#numbers.size)
    return this.#numbers.size - 1
  }

  get all(): T[] {
    return [...this.#numbers.keys()]
  }
}
