/** Heartbeats in packets: the fault strikes at 10 s, and is watched until 20 s. */
import { describe, expect, test } from 'vitest'
import { rhythmWords } from '../../src/forecast/rhythm.ts'
import { Cell } from '../../src/lab/cell.ts'
import { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { heartbeatsOf } from '../../src/try/heartbeat.ts'
import { MadeLog } from '../support/try-log.ts'

const WATCH = { from: 0, to: 20_000, complete: true }

function seen(log: MadeLog, side: 'a' | 'b' = 'a') {
  const cell = new Cell(new LabLog(log.sorted), {} as Plan, { case: 'cut', row: 'echo' }, WATCH)
  return heartbeatsOf(cell.at(side), () => true, { began: 10_000, until: 20_000 }).map(
    ({ rhythm, missedMs }) => [rhythmWords(rhythm, 0), missedMs],
  )
}

const captured = () => new MadeLog().captured(0, 'cut-a').captured(0, 'cut-b')

/** It connects at 1 s, says more than once who it is, and pings each second. */
function pinging(log = captured()): MadeLog {
  log
    .packet(1, 'cut-a', 'received', 'PSH ACK', { bytes: 80 })
    .packet(1.1, 'cut-a', 'sent', 'PSH ACK', { bytes: 30 })
  log.packet(1.4, 'cut-a', 'received', 'PSH ACK', { bytes: 9 })
  for (const second of [2, 3, 4, 5, 6, 7, 8, 9]) {
    log.packet(second, 'cut-a', 'sent', 'PSH ACK', { bytes: 2 })
    log.packet(second + 0.01, 'cut-b', 'received', 'PSH ACK', { bytes: 2 })
    log.packet(second + 0.02, 'cut-b', 'sent', 'PSH ACK', { bytes: 2 })
    log.packet(second + 0.03, 'cut-a', 'received', 'PSH ACK', { bytes: 2 })
  }
  return log
}

describe('a heartbeat', () => {
  const cut = pinging()
    .packet(10.2, 'cut-a', 'sent', 'PSH ACK', { bytes: 2 })
    .packet(10.4, 'cut-a', 'sent', 'PSH ACK', { bytes: 2, kind: 'retransmission' })

  test('is known by what both ends see, however the connection began; and for how long it was missed', () => {
    expect(seen(cut)).toEqual([['sends 2 bytes every 1 s, answered', 10_970]])
    expect(seen(cut, 'b')).toEqual([['receives 2 bytes every 1 s, answered', 10_990]])
  })

  test('is not missed by who did not ask', () => {
    expect(seen(pinging())).toEqual([['sends 2 bytes every 1 s, answered', null]])
  })

  test('is not missed where it goes on', () => {
    const log = pinging()
    for (const second of [11, 13, 15, 17, 19]) log.payload(second, 'cut-a', 'received')
    expect(seen(log)).toEqual([['sends 2 bytes every 1 s, answered', null]])
  })

  test('that is slow shows while the fault lasts, if its sender goes on', () => {
    const log = captured().packet(8, 'cut-a', 'sent').packet(8.01, 'cut-a', 'received')
    for (const second of [11, 14, 17, 20]) log.packet(second, 'cut-a', 'sent')
    expect(seen(log)).toEqual([['sends 5 bytes every 3 s, answered', 11_990]])
  })
})

describe('no heartbeat', () => {
  test('is a stream', () => {
    const log = captured()
    for (let second = 1; second < 10; second += 0.02) log.packet(second, 'cut-a', 'sent')
    expect(seen(log)).toEqual([])
  })

  test('is what a connection sends that began after the fault', () => {
    const log = captured()
    for (const second of [11, 12, 13, 14])
      log.packet(second, 'cut-a', 'sent', 'PSH ACK', { group: 'echo:41001' })
    expect(seen(log)).toEqual([])
  })

  test('is what had stopped before the fault', () => {
    const log = captured()
    for (const second of [1, 2, 3, 4]) log.packet(second, 'cut-a', 'sent')
    expect(seen(log)).toEqual([])
  })

  test('is told of where packets were missed', () => {
    const log = pinging().add(5, 'cut-a', 'wire:packets_dropped', { packets: 3, withinMs: 100 })
    expect(seen(log)).toEqual([])
  })
})
