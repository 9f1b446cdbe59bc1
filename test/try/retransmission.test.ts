/** Who decided when data flowed again: cut at 9.9 s, mended at 12 s, served at 13.1 s. */
import { expect, test } from 'vitest'
import { LabLog } from '../../src/lab/log.ts'
import { Wire } from '../../src/try/recovery.ts'
import { decidingRetransmission } from '../../src/try/retransmission.ts'
import { established, MadeLog } from '../support/try-log.ts'

const again = (log: MadeLog, seconds: number, flags = 'PSH ACK') =>
  log.packet(seconds, 'cut-a', 'sent', flags, { kind: 'retransmission' })

function deciding(log: MadeLog, servedAt: number | null = 13_100) {
  const sorted = new LabLog(log.sorted)
  const wires = { client: new Wire(sorted, 'cut-a'), server: new Wire(sorted, 'cut-b') }
  return decidingRetransmission(wires, () => true, { mendedAt: 12_000, servedAt, until: 14_000 })
}

/** Sent while the cable was cut, and again at intervals that double. */
function lost(log = new MadeLog().packet(10, 'cut-a', 'sent')): MadeLog {
  for (const second of [10.2, 10.6, 11.4]) again(log, second)
  return log
}

const decided = { role: 'client', sentBeforeMs: 600, againAfterMs: 1000, intervalMs: 1600 }

test('a timer did, if what was lost was sent again and nothing before', () => {
  expect(deciding(again(lost(), 13))).toEqual(decided)
})

test('so it does when a connection is being made', () => {
  const log = new MadeLog().packet(10, 'cut-a', 'sent', 'SYN')
  again(again(log, 11.4, 'SYN'), 13, 'SYN')
  expect(deciding(log)).toEqual(decided)
})

test('a program did, if it sent something of its own before', () => {
  const log = again(lost(), 13).packet(12.1, 'cut-a', 'sent', 'SYN', { group: 'echo:41001' })
  expect(deciding(log)).toBeNull()
})

test('somebody else did, if most of the time went by afterwards', () => {
  expect(deciding(again(lost(), 12.2))).toBeNull()
})

test('a timer that is far away is told while its kernel waits for it', () => {
  expect(deciding(lost(), null)).toBeNull()
  const waits = { ...established, timer: 'retransmit', retransmits: 3 } as const
  expect(deciding(lost().socket(11.4, 'cut-a', established, waits), null)).toEqual({
    ...{ role: 'client', sentBeforeMs: 600, againAfterMs: null, intervalMs: 800 },
  })
})
