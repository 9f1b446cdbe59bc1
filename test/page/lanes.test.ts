import { expect, test } from 'vitest'
import { LANES_SHOWN_MAX, Lanes } from '../../src/page/lanes.ts'
import { event } from '../compose/support.ts'

const MECHANISMS = ['tcp-idle', 'tcp-heartbeat']

function belief(
  time: number,
  host: string,
  group: string,
  old: 'up' | 'unknown' | 'suspect',
  now: 'up' | 'down' | 'suspect',
) {
  return event(
    time,
    host,
    'belief:updated',
    { old, new: now, trigger: now === 'up' ? 'accepted' : 'fin', certainty: 'definite' },
    group,
  )
}

const striking = (time: number, pair: string, uncertainMs: number) =>
  event(time, 'lab', 'fault:striking', {
    fault: 'kill',
    pair,
    struck: `${pair}-b`,
    promise: 'gone',
    uncertainMs,
  })

test('what was noticed before anybody could say why belongs to the strike', () => {
  const lanes = new Lanes(MECHANISMS)
  lanes.take(belief(100, 'client-1-a', 'tcp-idle:1', 'unknown', 'up'))
  lanes.take(belief(5000, 'client-1-a', 'tcp-idle:1', 'up', 'down'))
  lanes.take(striking(5020, 'client-1', 50))
  expect(lanes.all[0]?.strike?.noticed.get('tcp-idle')).toEqual([
    { belief: 'down', trigger: 'fin', afterMs: 0 },
  ])
})

test('what happened long before it does not, nor what the struck end says', () => {
  const lanes = new Lanes(MECHANISMS)
  lanes.take(belief(1000, 'client-1-a', 'tcp-idle:1', 'up', 'down'))
  lanes.take(belief(5000, 'client-1-b', 'tcp-heartbeat:1', 'up', 'down'))
  lanes.take(striking(5020, 'client-1', 50))
  expect(lanes.all[0]?.strike?.noticed.size).toBe(0)
})

test('an end that has gone on to another connection is not down because the earlier one is over', () => {
  const lanes = new Lanes(MECHANISMS)
  lanes.take(belief(100, 'client-1-b', 'tcp-idle:1', 'unknown', 'up'))
  lanes.take(belief(200, 'client-1-b', 'tcp-idle:2', 'unknown', 'up'))
  lanes.take(belief(201, 'client-1-b', 'tcp-idle:1', 'up', 'down'))
  expect(lanes.all[0]?.board.rows.get('tcp-idle')?.b.belief).toBe('up')
})

test('too many to show are counted', () => {
  const lanes = new Lanes(MECHANISMS)
  const clients = LANES_SHOWN_MAX + 2
  for (let n = 1; n <= clients; n++) lanes.take(belief(n, `client-${n}-a`, 'tcp-idle:1', 'unknown', 'up'))
  lanes.take(belief(100, 'client-3-a', 'tcp-idle:1', 'up', 'down'))
  expect(Object.fromEntries(lanes.summary('a').get('tcp-idle') ?? [])).toEqual({ up: clients - 1, down: 1 })
})

test('the router’s memory of the newest connection', () => {
  const lanes = new Lanes(MECHANISMS)
  lanes.take(event(0, 'client-1-a', 'host:started', { address: '10.213.1.129', pair: 'client-1' }))
  const mapping = (time: number, port: number, isKnown: boolean) =>
    event(
      time,
      'router',
      'router:mapping_updated',
      {
        protocol: 'tcp',
        client: `10.213.1.129:${port}`,
        outside: `10.213.2.2:${port}`,
        server: '10.213.2.10:7003',
        isKnown,
      },
      `tcp-idle:${port}`,
    )
  lanes.take(mapping(1, 1, true))
  lanes.take(mapping(2, 2, true))
  lanes.take(mapping(3, 1, false))
  expect(lanes.all[0]?.remembered.get('tcp-idle')).toBe(true)
  lanes.take(mapping(4, 2, false))
  expect(lanes.all[0]?.remembered.get('tcp-idle')).toBe(false)
})
