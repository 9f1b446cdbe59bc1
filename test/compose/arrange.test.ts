import { expect, test } from 'vitest'
import { Arranger } from '../../src/compose/arrange.ts'
import { SERVER_PORTS } from '../../src/compose/constants.ts'
import { CLIENT, entered, event, mapped } from './support.ts'

const received = (time: number, host: string, group: string) =>
  event(time, host, 'tcp:received', { bytes: 1 }, group)

function arranged(...events: ReturnType<typeof event>[]) {
  const arranger = new Arranger(SERVER_PORTS)
  return events.flatMap((one) => arranger.take([one]))
}

test('a client and the server as it met that client are a pair', () => {
  const events = arranged(
    entered(0, 'server', '10.213.2.10'),
    entered(10, 'client-1', CLIENT),
    mapped(20, 41_000, 41_000),
    received(30, 'client-1', 'tcp-idle:41000'),
    received(31, 'server', 'tcp-idle:41000'),
  )
  expect(events.filter(({ name }) => name === 'tcp:received').map(({ host }) => host)).toEqual([
    'client-1-a',
    'client-1-b',
  ])
  const started = events.filter(({ name }) => name === 'host:started')
  expect(started.map(({ host, data }) => [host, data])).toEqual([
    ['client-1-a', { address: CLIENT, pair: 'client-1' }],
    ['client-1-b', { address: '10.213.2.10', pair: 'client-1' }],
  ])
})

test('where the router had to choose another port, the connection keeps the name its client gave it', () => {
  const events = arranged(
    entered(0, 'client-1', CLIENT),
    entered(1, 'client-2', '10.213.1.130'),
    mapped(20, 41_000, 41_000),
    mapped(21, 41_000, 2044, '10.213.1.130'),
    received(30, 'server', 'tcp-idle:41000'),
    received(31, 'server', 'tcp-idle:2044'),
  )
  expect(events.slice(-2).map(({ host, group_id }) => [host, group_id])).toEqual([
    ['client-1-b', 'tcp-idle:41000'],
    ['client-2-b', 'tcp-idle:41000'],
  ])
})

test('where the router took another port in mid-conversation, the older is no longer this client’s', () => {
  const down = (time: number, group: string) =>
    event(
      time,
      'server',
      'belief:updated',
      { old: 'up', new: 'down', trigger: 'heartbeat_missed', certainty: 'unknown' },
      group,
    )
  const events = arranged(
    entered(0, 'client-1', CLIENT),
    mapped(20, 41_000, 41_000, CLIENT, 'udp-heartbeat'),
    mapped(30, 41_000, 2044, CLIENT, 'udp-heartbeat'),
    down(40, 'udp-heartbeat:41000'),
    down(50, 'udp-heartbeat:2044'),
  )
  expect(events.slice(-2).map(({ host, group_id }) => [host, group_id])).toEqual([
    ['server', 'udp-heartbeat:41000'],
    ['client-1-b', 'udp-heartbeat:41000'],
  ])
})

test('what the server says before the router has told who it is waits, and keeps its stamp', () => {
  const arranger = new Arranger(SERVER_PORTS)
  arranger.take([entered(0, 'client-1', CLIENT)])
  expect(arranger.take([received(30, 'server', 'tcp-idle:41000')])).toEqual([])
  const [first, second] = arranger.take([mapped(31, 41_000, 41_000)])
  expect(first).toMatchObject({ name: 'tcp:received', host: 'client-1-b', time: 30 })
  expect(second).toMatchObject({ name: 'router:mapping_updated', host: 'router' })
})

test('without a word of the router the name of the connection has to do', () => {
  const events = arranged(
    entered(0, 'client-1', CLIENT),
    received(30, 'client-1', 'tcp-idle:41000'),
    received(31, 'server', 'tcp-idle:41000'),
  )
  expect(events.at(-1)?.host).toBe('client-1-b')
})

test('who waits for ever fills no memory: the oldest stays the server’s own', () => {
  const arranger = new Arranger(SERVER_PORTS)
  const events = Array.from({ length: 1000 }, (_, time) => received(time, 'server', 'tcp-idle:1'))
  const out = events.flatMap((one) => arranger.take([one]))
  expect(out.length).toBeGreaterThan(700)
  expect(new Set(out.map(({ host }) => host))).toEqual(new Set(['server']))
})

test('the settings of the server’s kernel are told to every pair, also to one that begins later', () => {
  const events = arranged(
    event(0, 'server', 'kernel:sysctls_read', { values: { tcp_retries2: '2' } }),
    entered(5000, 'client-1', CLIENT),
  )
  const told = events.filter(({ name, host }) => name === 'kernel:sysctls_read' && host === 'client-1-b')
  expect(told).toMatchObject([{ time: 5000, data: { values: { tcp_retries2: '2' } } }])
})
