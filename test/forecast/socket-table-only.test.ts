/** Where a system lets nobody duplicate descriptors (Yama's ptrace_scope), the socket table is left. */
import { once } from 'node:events'
import net from 'node:net'
import { expect, vi } from 'vitest'
import { readOne } from '../../src/forecast/read.ts'
import { tellReading } from '../../src/forecast/tell.ts'
import { plainStyle } from '../../src/lab/tale.ts'
import { testNeeding } from '../support/needs.ts'

vi.mock('../../src/kernel/foreign-process.ts', async (original) => ({
  ...(await original<typeof import('../../src/kernel/foreign-process.ts')>()),
  openSocketReader: () => ({
    read: () => {
      throw Object.assign(new Error('system call 438 failed: EPERM'), { code: 'EPERM' })
    },
    close: () => {},
  }),
}))

const isLinux = process.platform === 'linux'
testNeeding('Linux', isLinux)('without the rights to debug a process the socket table is read', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const accepted = once(server, 'connection')
  const socket = net.connect(port, '127.0.0.1')
  const [other] = (await accepted) as [net.Socket]
  try {
    socket.setKeepAlive(true, 30_000)
    const reading = await readOne(process.pid)
    const [report] = reading.processes
    expect(report).toMatchObject({
      source: 'socket-table',
      problems: [expect.stringMatching(/EPERM.*ptrace_scope=0/)],
    })
    const [with30, without] = [`127.0.0.1:${socket.localPort}`, `127.0.0.1:${port}`].map((end) =>
      report?.connections.find(({ local }) => local === end),
    )
    expect(with30?.forecast.idle).toMatchObject({
      notices: 'within',
      unless: expect.stringContaining('not readable'),
    })
    expect(with30?.facts.timerLeftMs).toBeGreaterThan(20_000)
    expect(without?.forecast.idle).toMatchObject({ notices: 'never', unless: null })
    expect(without?.forecast.sending?.unless).toContain('TCP_USER_TIMEOUT')
    const text = tellReading(reading, plainStyle)
    expect(text).toContain('keepalive is on; options not readable')
    expect(text).toContain('keepalive is off; options not readable')
  } finally {
    for (const one of [socket, other]) one.destroy()
    server.close()
  }
})
