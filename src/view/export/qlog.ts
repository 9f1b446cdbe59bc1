/**
 * The run for tools that read qlog (draft-ietf-quic-qlog-main-schema-14): one JSON file of traces, one for
 * each host, since a trace has one vantage point.
 *
 * qvis still asks for the header of qlog 0.3, so both headers stand in the file. They agree, because
 * `time_format` is left out: in both versions `time` then is a number of milliseconds as it stands.
 */
import { roleOf, sideOf } from '../../events/host-names.ts'
import { addressOf, type LabEvent } from '../../events/vocabulary.ts'
import { printableJson } from '../../foreign/printable.ts'

/** Ours have no registered schema; the draft wants a URI for each namespace all the same. */
const OWN_SCHEMA = 'urn:x-stillhere:events:'
/** A fault going on or off is what the draft calls a marker of a simulation (section 9.2). */
const SIMULATION_SCHEMA = 'urn:ietf:params:qlog:events:simulation'

export function toQlog(events: readonly LabEvent[]): string {
  const byHost = new Map<string, LabEvent[]>()
  for (const event of events) {
    const own = byHost.get(event.host)
    if (own === undefined) byHost.set(event.host, [event])
    else own.push(event)
  }
  const [first] = events
  const file = {
    file_schema: 'urn:ietf:params:qlog:file:contained',
    serialization_format: 'application/qlog+json',
    qlog_version: '0.3',
    qlog_format: 'JSON',
    title: first === undefined ? 'an empty run' : `${first.lab}, run ${first.run}`,
    // The draft allows a file without traces, but not an empty list of them.
    ...(byHost.size === 0 ? {} : { traces: [...byHost].map(([host, own]) => traceOf(host, own)) }),
  }
  return `${printableJson(file)}\n`
}

function traceOf(host: string, events: readonly LabEvent[]): object {
  const namespaces = new Set(events.map((event) => event.name.split(':')[0] as string))
  const isMarked = namespaces.delete('fault')
  return {
    title: host,
    vantage_point: {
      name: host,
      type: sideOf(host) === null ? 'unknown' : roleOf(host),
    },
    event_schemas: [
      ...(isMarked ? [SIMULATION_SCHEMA] : []),
      ...[...namespaces].sort().map((name) => OWN_SCHEMA + name),
    ],
    common_fields: { reference_time: { clock_type: 'monotonic', epoch: 'unknown' } },
    events: events.map(eventOf),
  }
}

function eventOf(event: LabEvent): object {
  const { time, name, data, group_id, pid } = event
  const isFault = name.startsWith('fault:')
  return {
    time,
    name: isFault ? 'simulation:marker' : name,
    data: isFault ? { type: name, message: messageOf(data), ...data } : data,
    ...(group_id === undefined ? {} : { group_id }),
    system_info: { process_id: pid },
    stillhere_address: addressOf(event),
  }
}

function messageOf(data: LabEvent['data']): string {
  const { fault, struck } = data as { fault: string; struck: string }
  return `${fault} on ${struck}`
}
