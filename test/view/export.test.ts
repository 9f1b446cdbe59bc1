import { describe, expect, it } from 'vitest'
import { toCsv } from '../../src/view/export/csv.ts'
import { toMermaid } from '../../src/view/export/mermaid.ts'
import { toQlog } from '../../src/view/export/qlog.ts'
import { cutKeepalive, LogBuilder } from './log-builder.ts'

const { events } = cutKeepalive()

describe('toQlog()', () => {
  const file = JSON.parse(toQlog(events))

  it('has what draft 14 requires of a contained file, and the header that qvis asks for', () => {
    expect(file).toMatchObject({
      file_schema: 'urn:ietf:params:qlog:file:contained',
      serialization_format: 'application/qlog+json',
      qlog_version: '0.3',
      qlog_format: 'JSON',
    })
    // "SHOULD be in the first 256 characters", qlog 0.3.
    expect(toQlog(events).indexOf('qlog_format')).toBeLessThan(256)
  })

  it('has a trace for each vantage point, with its schemas, and every event in one of them', () => {
    const traces: {
      vantage_point: { name: string; type: string }
      event_schemas: string[]
      events: object[]
    }[] = file.traces
    expect(traces.map((trace) => [trace.vantage_point.name, trace.vantage_point.type]).sort()).toEqual([
      ['cut-a', 'client'],
      ['cut-b', 'server'],
      ['lab', 'unknown'],
    ])
    for (const trace of traces) expect(trace.event_schemas.length).toBeGreaterThan(0)
    expect(traces.flatMap((trace) => trace.events)).toHaveLength(events.length)
  })

  it('has the required fields in every event, and faults as markers', () => {
    for (const event of file.traces.flatMap((trace: { events: object[] }) => trace.events)) {
      expect(event).toMatchObject({
        time: expect.any(Number),
        name: expect.stringMatching(/^\w+:\w+$/),
        data: expect.any(Object),
      })
    }
    expect(JSON.stringify(file)).toContain(
      '"name":"simulation:marker","data":{"type":"fault:striking","message":"cut on cut-b"',
    )
  })

  it('is valid without any events', () => {
    expect(JSON.parse(toQlog([]))).not.toHaveProperty('traces')
  })
})

describe('toCsv()', () => {
  it('is RFC 4180: a header, CRLF after every line, quotes doubled', () => {
    const lines = toCsv(events).split('\r\n')
    expect(lines).toHaveLength(events.length + 2)
    expect(lines[0]).toBe('time_ms,mono_ns,host,incarnation,program,pid,seq,address,name,group_id,data')
    expect(lines.at(-1)).toBe('')
    expect(lines[1]).toContain('"{""address"":""10.0.7.1"",""pair"":""cut""}"')
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\uff1d1'])('lets no spreadsheet run %j', (name) => {
    const [event] = new LogBuilder().add(0, name, 'tcp:end_received', {}).events
    const [, line = ''] = toCsv(event === undefined ? [] : [event]).split(/\r\n(?=\d)/)
    expect(line).toContain(`'${name}`)
    expect(line).not.toContain(`,${name}`)
  })
})

describe('toMermaid()', () => {
  it('has the two ends, the fault, losses as crosses, beliefs and ghost times', () => {
    const text = toMermaid(events, 'cut', 'tcp-keepalive')
    expect(text).toMatch(
      /^sequenceDiagram\n {2}participant a as cut-a \(client\)\n {2}participant b as cut-b \(server\)\n/,
    )
    expect(text).toContain('  a-xb: keepalive probe (lost)\n')
    expect(text).toContain('  Note over a,b: 0.00 s cut strikes cut-b\n')
    expect(text).toContain('Note over a: +4.80 s believes down (etimedout)')
    expect(text).toContain('ghost time 12.0 s and no e#8203;nd')
  })

  it('leaves out arrivals first when there is too much, and says how many', () => {
    const log = cutKeepalive()
    for (let n = 0; n < 300; n++) log.packet(9100 + 20 * n, null, 'cut-b', 'data')
    const text = toMermaid(log.events, 'cut', 'tcp-keepalive')
    expect(text.split('\n').length).toBeLessThan(210)
    expect(text).toMatch(/\d+ less important lines are left out here/)
    expect(text).toContain('cut strikes cut-b')
    expect(text).not.toContain('a->>b: SYN')
  })

  it('keeps a payload on its line', () => {
    const hostile = cutKeepalive().packet(15_000, 15_000.1, 'cut-a', 'data', 'x\nend;#<b>').events
    expect(toMermaid(hostile, 'cut', 'tcp-keepalive')).toContain('  a->>b: data x\\x0aend#59;#35;#60;b#62;\n')
  })
})
