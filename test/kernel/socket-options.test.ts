import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Emitter } from '../../src/events/emit.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import {
  applyKeepalive,
  applyUserTimeout,
  canSetUserTimeout,
  observeTcp,
} from '../../src/kernel/socket-options.ts'
import { readSysctls } from '../../src/kernel/sysctls.ts'
import { describeNeeding } from '../support/needs.ts'

let server: net.Server
let client: net.Socket
let events: { name: string; data: object; groupId: string | undefined }[]
const emit: Emitter = (name, data, groupId) => void events.push({ name, data, groupId })

beforeEach(async () => {
  events = []
  server = net.createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
})
afterEach(() => {
  client.destroy()
  server.close()
})

describeNeeding('koffi on Linux', libcProblem() === null)('socket options', () => {
  test('what is set on a listener is what its connections have', async () => {
    applyKeepalive(server, { idleMs: 3000, intervalMs: 2000, probes: 4 })
    applyUserTimeout(server, 5000)
    const accepted = once(server, 'connection')
    const { port } = server.address() as net.AddressInfo
    const late = net.connect(port, '127.0.0.1')
    let [socket] = (await accepted) as [net.Socket]
    // The one from before the listener was set may be accepted only now.
    if (socket.remotePort === client.localPort) [socket] = (await once(server, 'connection')) as [net.Socket]
    observeTcp(socket, emit, 'accepted:1')
    late.destroy()
    expect(events[0]?.data).toMatchObject({
      keepalive: true,
      keepaliveIdleMs: 3000,
      keepaliveIntervalMs: 2000,
      keepaliveProbes: 4,
      userTimeoutMs: 5000,
    })
  })

  test('what was set is what the kernel reads back', async () => {
    await once(client, 'connect')
    applyKeepalive(client, { idleMs: 2000, intervalMs: 1000, probes: 3 })
    applyUserTimeout(client, 4000)
    observeTcp(client, emit, 'tcp-keepalive:1')
    expect(events).toMatchObject([
      {
        name: 'kernel:options_read',
        data: {
          local: `127.0.0.1:${client.localPort}`,
          remote: `127.0.0.1:${client.remotePort}`,
          keepalive: true,
          keepaliveIdleMs: 2000,
          keepaliveIntervalMs: 1000,
          keepaliveProbes: 3,
          userTimeoutMs: 4000,
        },
        groupId: 'tcp-keepalive:1',
      },
      {
        name: 'kernel:tcp_info_read',
        data: { state: 'ESTABLISHED', unansweredProbes: 0 },
        groupId: 'tcp-keepalive:1',
      },
    ])
  })

  test('what was not set is what the host has', async () => {
    await once(client, 'connect')
    observeTcp(client, emit, 'tcp-idle:1')
    expect(events[0]?.data).toMatchObject({
      keepalive: false,
      keepaliveIdleMs: Number(readSysctls().tcp_keepalive_time) * 1000,
      keepaliveProbes: Number(readSysctls().tcp_keepalive_probes),
      userTimeoutMs: 0,
    })
  })

  test('before its connect a socket can be given nothing', async () => {
    expect(() => applyUserTimeout(client, 4000)).toThrow(TypeError)
    observeTcp(client, emit, 'tcp-idle:1')
    expect(events).toEqual([])
    await once(client, 'connect')
  })

  test('a socket that is gone is passed over', async () => {
    await once(client, 'connect')
    client.destroy()
    applyKeepalive(client, { idleMs: 2000, intervalMs: 1000, probes: 3 })
    applyUserTimeout(client, 4000)
    observeTcp(client, emit, 'tcp-idle:1')
    expect(events).toEqual([])
  })
})

test('applyKeepalive() refuses times that the kernel would round', async () => {
  await once(client, 'connect')
  expect(() => applyKeepalive(client, { idleMs: 1500, intervalMs: 1000, probes: 3 })).toThrow(RangeError)
  expect(() => applyKeepalive(client, { idleMs: 2000, intervalMs: 0, probes: 3 })).toThrow(RangeError)
})

// Nobody misses this test where koffi is there: its absence is no capability.
if (libcProblem() !== null) {
  test('without koffi a user timeout is refused, and says why', async () => {
    await once(client, 'connect')
    expect(canSetUserTimeout()).toBe(false)
    expect(() => applyUserTimeout(client, 4000)).toThrow(libcProblem() ?? '')
  })
}
