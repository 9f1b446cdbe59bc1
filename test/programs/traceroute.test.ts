/** Traceroute as a person uses it: on this machine's own loopback the first host is the last. */
import { endianness } from 'node:os'
import { expect, test } from 'vitest'
import { decodeAnswer } from '../../src/kernel/icmp-socket.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { traceRoute } from '../../src/programs/traceroute.ts'
import { collectEvents } from '../support/events.ts'
import { testNeeding } from '../support/needs.ts'

testNeeding('the C library of Linux', libcProblem() === null)(
  'nobody listens: so says the host itself',
  async () => {
    const { emit, events } = collectEvents()
    const ends = { from: { host: '127.0.0.1', port: 0 }, to: { host: '127.0.0.1', port: 9 } }
    const hops = await traceRoute({ mechanism: 'traceroute', ...ends }, emit)
    expect(hops).toMatchObject([{ timeToLive: 1, from: '127.0.0.1', says: 'port unreachable' }])
    expect(events.map(({ name }) => name)).toEqual(['trace:answered'])
  },
)

/** struct cmsghdr, sock_extended_err, sockaddr_in, as a kernel of this machine's byte order writes them. */
function control({ type = 11, origin = 2 }: { type?: number; origin?: number }): Buffer {
  const bytes = Buffer.alloc(128)
  const int = (value: number, at: number) =>
    endianness() === 'LE' ? bytes.writeInt32LE(value, at) : bytes.writeInt32BE(value, at)
  int(0, 8)
  int(type, 12)
  bytes.set([origin, 11, 0], 20)
  bytes.set([10, 1, 6, 254], 36)
  return bytes
}

test('who said it, and what', () => {
  expect(decodeAnswer(control({}))).toEqual({ from: '10.1.6.254', type: 11, code: 0 })
})

test('an error of this host itself is no answer, nor is other control data', () => {
  expect(decodeAnswer(control({ origin: 1 }))).toBeNull()
  expect(decodeAnswer(control({ type: 8 }))).toBeNull()
})
