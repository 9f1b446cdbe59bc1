/** Captures for real: two hosts in namespaces of their own, a cut, and what was seen at both ends. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inOrder, parseEvent } from '../../src/events/parse.ts'
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import { finishCaptures } from '../../src/view/pcapng/finish.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'
import { hasTshark, tshark } from '../support/tshark.ts'

const { isolation } = await findCapabilities()

describeNeeding('network namespaces', isolation !== null)('the capture process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-capture-'))
  let events: LabEvent[] = []
  let packets: EventOf<'packet:captured'>[] = []
  let sent: EventOf<'packet:captured'>[] = []
  let received: Map<string, EventOf<'packet:captured'>>
  let cutAt = 0n

  beforeAll(async () => {
    mkdirSync(join(folder, 'events'))
    const argument = JSON.stringify({ folder, ...(await bundlePrograms()) })
    const session = fileURLToPath(new URL('../support/capture-session.ts', import.meta.url))
    const [program = '', ...prefix] = isolation?.commandPrefix ?? []
    const args = [...prefix, process.execPath, '--import', 'tsx', session, argument]
    const { status, stderr } = spawnSync(program, args, { env: environmentWithSbin(), timeout: 30_000 })
    if (status !== 0) throw new Error(`the session ended with ${status}: ${stderr}`)
    for (const file of readdirSync(join(folder, 'events'))) {
      for (const line of readFileSync(join(folder, 'events', file), 'utf8').split('\n')) {
        const event = line === '' ? null : parseEvent(line)
        if (event === null) continue
        if ('problem' in event) throw new Error(`${file}: ${event.problem}: ${line}`)
        events.push({ ...event, time: 0 } as LabEvent)
      }
    }
    events = events.sort(inOrder)
    packets = events.filter((event) => event.name === 'packet:captured')
    sent = packets.filter(({ data }) => data.direction === 'sent')
    const arrived = packets.filter(({ data }) => data.direction === 'received')
    received = new Map(arrived.map((event) => [event.data.packet, event]))
    cutAt = BigInt(events.find(({ name }) => name === 'run:progressed')?.mono ?? 0)
  }, 60_000)

  afterAll(() => rmSync(folder, { recursive: true }))

  test('nothing failed, nothing was dropped, and the clocks were compared to the microsecond', () => {
    const names = ['program:failed', 'wire:packets_dropped']
    expect(events.filter(({ name }) => names.includes(name))).toEqual([])
    const started = events.filter((event) => event.name === 'wire:capture_started')
    expect(started.map(({ host }) => host)).toEqual(['test-a', 'test-b'])
    for (const { data } of started) expect(data.wallClockWithinNs).toBeLessThan(20_000)
    const ended = events.filter((event) => event.name === 'wire:capture_ended')
    expect(ended.map(({ host, data }) => `${host}: ${data.because}`)).toEqual([
      'test-a: the run is over',
      'test-b: the run is over',
    ])
  })

  test('every packet sent before the cut arrived, after it was sent, and is the same in all its fields', () => {
    // The command that cuts runs for some milliseconds.
    const before = sent.filter(({ mono }) => BigInt(mono) < cutAt - 100_000_000n)
    expect(before.length).toBeGreaterThan(40)
    for (const one of before) {
      const other = received.get(one.data.packet)
      if (other === undefined) throw new Error(`never arrived: ${JSON.stringify(one)}`)
      expect(other.host).not.toBe(one.host)
      expect(BigInt(other.mono)).toBeGreaterThan(BigInt(one.mono))
      const { direction, frame, ...same } = one.data
      expect(other.data).toMatchObject(same)
      expect(other.group_id).toBe(one.group_id)
    }
  })

  test('numbers are unique: no two packets of one host and direction share one', () => {
    const seen = packets.map(({ host, data }) => `${host} ${data.direction} ${data.packet}`)
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('after the cut packets are sent, and none arrives', () => {
    const after = sent.filter(({ mono }) => BigInt(mono) > cutAt)
    expect(after.length).toBeGreaterThan(5)
    expect(after.filter(({ data }) => received.has(data.packet))).toEqual([])
    const kinds = new Set(after.map(({ data }) => data.kind))
    for (const kind of ['datagram', 'data', 'retransmission', 'keepalive-probe'] as const) {
      expect(kinds).toContain(kind)
    }
  })

  test('every TCP connection begins with SYN, SYN-ACK, ACK, and belongs to a mechanism', () => {
    const groups = new Map<string, string[]>()
    for (const { host, group_id: groupId = 'none', data } of packets) {
      if (host !== 'test-a' || data.protocol !== 'tcp') continue
      groups.set(groupId, [...(groups.get(groupId) ?? []), data.kind])
    }
    expect([...groups.keys()].map((group) => group.split(':')[0]).sort()).toEqual([
      'http-session',
      'tcp-heartbeat',
      'tcp-idle',
      'tcp-keepalive',
      'websocket',
    ])
    for (const kinds of groups.values()) expect(kinds.slice(0, 3)).toEqual(['syn', 'syn-ack', 'ack'])
  })

  test('an idle connection is probed, and its peer answers', () => {
    const kinds = packets
      .filter(({ group_id: groupId, host }) => host === 'test-a' && groupId?.startsWith('tcp-keepalive:'))
      .map(({ data }) => data.kind)
    const handshake = ['syn', 'syn-ack', 'ack']
    expect(kinds.slice(0, 7)).toEqual([...handshake, 'data', 'ack', 'keepalive-probe', 'keepalive-answer'])
  })

  test.each(['PING 0', 'still here 0', 'GET /', 'ws ping', '204'])('a packet says %j', (text) => {
    expect(packets.map(({ data }) => data.text)).toContain(text)
  })

  test('nothing is left: no process of the session runs', () => {
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder))
    expect(left).toEqual([])
  })

  testNeeding('tshark', hasTshark)('tshark reads the same from the files', () => {
    const files = finishCaptures(folder, events)
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      'test-a.pcapng',
      'test-b.pcapng',
      'merged.pcapng',
    ])
    for (const file of files) {
      const host = file.endsWith('merged.pcapng') ? null : file.slice(folder.length + 1, -'.pcapng'.length)
      const ours = packets.filter((event) => host === null || event.host === host)
      expect(tshark(file, '_ws.malformed')).toEqual([])
      expect(tshark(file, 'eth')).toHaveLength(ours.length)
      const lost = ours.filter(({ data }) => data.direction === 'sent' && !received.has(data.packet))
      expect(tshark(file, 'frame.comment contains "Never arrived"')).toHaveLength(lost.length)
      // In the column that a person reads, with the address of the event.
      const beliefs = tshark(file, 'syslog.msg contains "BELIEVES"').join('\n')
      expect(beliefs).toMatch(
        /10\.0\.1\.\d → 10\.0\.1\.\d +Syslog .*tcp-idle:\d+ BELIEVES .* \[test-[ab]\.1\/tcp/,
      )
    }
    const [a = ''] = files
    expect(tshark(a, 'tcp.analysis.keep_alive_ack').length).toBeGreaterThan(0)
    expect(tshark(a, 'tcp.analysis.retransmission')).toHaveLength(
      packets.filter(({ host, data }) => host === 'test-a' && data.kind === 'retransmission').length,
    )
  })
})

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}
