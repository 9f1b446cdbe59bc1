/** Sockets that a lab leads and that judge their peers: detectors side by side, and the heartbeat on a connection. */
import { expect, onTestFinished, test } from 'vitest'
import { scriptTcp } from '../../../src/programs/scripts/tcp/script.ts'
import { scriptUdp } from '../../../src/programs/scripts/udp/script.ts'
import { collectEvents } from '../../support/events.ts'

const ADDRESS = '127.0.0.1'

test('detectors of one socket hear the same datagrams, and each has its own limit', async () => {
  const { emit, until, events } = collectEvents()
  const { answer, close } = scriptUdp({ address: ADDRESS, emitterOf: () => emit })
  onTestFinished(close)
  const detectors = [60, 400].map((limitMs) => ({
    mechanism: `limit-${limitMs}`,
    timing: { intervalMs: 20, suspectAfterMs: limitMs, downAfterMs: 2 * limitMs },
  }))
  const { port } = await answer.udpOpen({ mechanism: 'beats', port: 0, detectors })
  const to = { address: ADDRESS, port }
  const sender = await answer.udpOpen({ mechanism: 'beats', port: 0, to })
  const send = (count: number) =>
    answer.udpSend({ mechanism: 'beats', port: sender.port, count, bytes: 0, intervalMs: 1 })

  await send(3)
  await until(
    'belief:updated',
    ({ new: now }, groupId) => now === 'suspect' && groupId === `limit-60:${sender.port}`,
  )
  await send(1)
  await until(
    'belief:updated',
    ({ trigger }, groupId) => trigger === 'heartbeat_late' && groupId === `limit-60:${sender.port}`,
  )
  const { data } = await until(
    'belief:updated',
    ({ new: now }, groupId) => now === 'suspect' && groupId === `limit-400:${sender.port}`,
  )
  expect(data.silentMs).toBeGreaterThanOrEqual(400)
  expect(events.filter(({ name }) => name === 'udp:datagram_received')).toHaveLength(4)
})

test('a series ends with its socket', async () => {
  const { emit, until } = collectEvents()
  const { answer, close } = scriptUdp({ address: ADDRESS, emitterOf: () => emit })
  onTestFinished(close)
  const to = { address: ADDRESS, port: 9 }
  const { port } = await answer.udpOpen({ mechanism: 'beats', port: 0, to })
  const sending = answer.udpSend({ mechanism: 'beats', port, count: 1000, bytes: 0, intervalMs: 20 })
  await until('udp:datagram_sent', ({ number }) => number === 2)
  await answer.udpClose({ mechanism: 'beats', port })
  await expect(sending).resolves.toBeNull()
})

test('both ends of a scripted connection speak the heartbeat, and close nothing', async () => {
  const { emit, until, events } = collectEvents()
  const { answer, close } = scriptTcp({ address: ADDRESS, emitterOf: () => emit })
  onTestFinished(close)
  const heartbeat = { intervalMs: 50, suspectAfterMs: 150, downAfterMs: 300 }
  const { port } = await answer.tcpListen({
    mechanism: 'server',
    port: 0,
    conduct: { does: 'read', heartbeat },
  })
  const { groupId } = await answer.tcpConnect({
    mechanism: 'client',
    address: ADDRESS,
    port,
    conduct: { does: 'read', heartbeat },
  })
  await until('heartbeat:pong_received', ({ number }, group) => number === 1 && group === groupId)
  await answer.tcpAct({ groupId, act: 'destroy' })
  await until('tcp:closed', (_, group) => group === groupId)
  expect(
    events.some(
      ({ name, groupId: group }) => name === 'heartbeat:ping_received' && group?.startsWith('server'),
    ),
  ).toBe(true)
  expect(events.filter(({ name }) => name === 'tcp:received')).toEqual([])
})
