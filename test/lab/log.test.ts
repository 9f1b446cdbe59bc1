import { expect, test } from 'vitest'
import { LabLog } from '../../src/lab/log.ts'
import { LogBuilder } from '../view/log-builder.ts'

const HOST = 'cut-b'

function belief(log: LogBuilder, time: number, group: string, old: 'unknown' | 'up', now: 'up' | 'down') {
  const trigger = now === 'up' ? 'accepted' : 'etimedout'
  return log.add(time, HOST, 'belief:updated', { old, new: now, trigger, certainty: 'definite' }, group)
}

test('a belief is about the newest connection: that an earlier one is over changes nothing', () => {
  const builder = new LogBuilder()
  belief(builder, 100, 'tcp-idle:1', 'unknown', 'up')
  belief(builder, 200, 'tcp-idle:2', 'unknown', 'up')
  belief(builder, 300, 'tcp-idle:1', 'up', 'down')
  const log = new LabLog(builder.events)
  expect(log.beliefAt(HOST, 'tcp-idle', 150)).toBe('up')
  expect(log.beliefAt(HOST, 'tcp-idle', 400)).toBe('up')
  expect(log.beliefChanges(HOST, 'tcp-idle', { from: 250, to: 400 })).toEqual([])
})

test('one that is replaced in the time that is looked at belongs to it', () => {
  const builder = new LogBuilder()
  belief(builder, 100, 'udp-heartbeat:1', 'unknown', 'up')
  belief(builder, 200, 'udp-heartbeat:2', 'unknown', 'up')
  belief(builder, 300, 'udp-heartbeat:1', 'up', 'down')
  const changes = new LabLog(builder.events).beliefChanges(HOST, 'udp-heartbeat', { from: 150, to: 400 })
  expect(changes.map(({ data }) => data.new)).toEqual(['up', 'down'])
})

test('before anything was heard of a connection nothing is believed', () => {
  expect(new LabLog([]).beliefAt(HOST, 'tcp-idle', 100)).toBe('unknown')
})

test('the lab was late in a time although its timer could say so only afterwards', () => {
  const log = new LabLog(new LogBuilder().add(1000, 'lab', 'control:late', { lateMs: 400 }).events)
  expect(log.controlLateMs(500, 700)).toBe(400)
  expect(log.controlLateMs(900, 2000)).toBe(400)
  expect(log.controlLateMs(500, 599)).toBe(0)
  expect(log.controlLateMs(1001, 2000)).toBe(0)
})
