import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import type { KernelSocket } from '../../src/events/vocabulary.ts'
import {
  diffTables,
  namespacePids,
  parseDatagramSockets,
  parseListeners,
  parseListeningPorts,
  parseParent,
  parseProcessState,
  parseSocketTable,
  type SocketTable,
  SocketTableReader,
  socketKey,
} from '../../src/kernel/socket-table.ts'
import { describeNeeding, testNeeding } from '../support/needs.ts'

/** The tests end connections by RST. */
const ignoreReset = (socket: net.Socket) => socket.on('error', () => {})

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const ends = '0102000A:8850 0202000A:1B58'

function parseOne(line: string) {
  return parseSocketTable(`${header}${line}\n`)[0]
}

describe('parseSocketTable()', () => {
  test('reads a line: addresses are little endian, ports are not', () => {
    const line = `   1: 0100007F:8880 0100007F:1FBB 01 00000000:00000000 00:00000000 00000000  1001        0 17565 2 000000002ab43c2c 20 0 0 10 -1`
    expect(parseOne(line)).toEqual({
      local: '127.0.0.1:34944',
      remote: '127.0.0.1:8123',
      socket: {
        state: 'ESTABLISHED',
        timer: 'none',
        unansweredProbes: 0,
        retransmits: 0,
        sendQueueBytes: 0,
        receiveQueueBytes: 0,
      },
      inode: 17565,
      uid: 1001,
      timerLeftMs: 0,
      retransmissionTimeoutMs: 200,
    })
  })

  test('a listening socket is no connection', () => {
    expect(
      parseOne(
        '   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1586 1',
      ),
    ).toBeUndefined()
  })

  test('of a listening socket the receive queue is how many connections wait for the program', () => {
    const listening =
      '   0: 0202000A:1B58 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1586 1'
    const connection =
      '   1: 0202000A:1B58 0102000A:8850 01 00000000:00000003 00:00000000 00000000     0        0 1587 1'
    expect(parseListeners(`${header}${listening}\n${connection}\n`)).toEqual(new Map([['10.0.2.2:7000', 3]]))
  })

  test.each<[string, string, Partial<KernelSocket>]>([
    [
      'bytes sent again',
      '01 0000001C:00000000 01:00000191 00000003     0        0 9 3',
      { timer: 'retransmit', retransmits: 3, sendQueueBytes: 28 },
    ],
    [
      'keepalive waiting',
      '01 00000000:00000000 02:000000C5 00000000     0        0 9 2',
      { timer: 'keepalive', unansweredProbes: 0 },
    ],
    [
      'keepalive unanswered',
      '01 00000000:00000000 02:0000003F 00000000     0        2 9 2',
      { timer: 'keepalive', unansweredProbes: 2 },
    ],
    [
      'window closed',
      '01 00000400:00000000 04:00000022 00000000     0        4 9 2',
      { timer: 'zero-window-probe', unansweredProbes: 4 },
    ],
    [
      'unread bytes',
      '01 00000000:00000007 00:00000000 00000000     0        0 9 1',
      { receiveQueueBytes: 7 },
    ],
    [
      'time-wait',
      '06 00000000:00000000 03:00001770 00000000     0        0 0 3',
      { state: 'TIME-WAIT', timer: 'time-wait' },
    ],
    [
      'SYN sent',
      '02 00000001:00000000 01:00000064 00000001     0        0 9 2',
      { state: 'SYN-SENT', retransmits: 1 },
    ],
    [
      'handshake unfinished',
      '03 00000000:00000000 01:00000064 00000000     0        0 0 1',
      { state: 'SYN-RECEIVED' },
    ],
    [
      'the same under its own number',
      '0C 00000000:00000000 01:00000064 00000000     0        0 0 1',
      { state: 'SYN-RECEIVED' },
    ],
  ])('%s', (_, rest, expected) => {
    expect(parseOne(`   0: ${ends} ${rest} 0000000000000000`)?.socket).toMatchObject(expected)
  })

  test('of tcp6 shows IPv6 addresses, and IPv4 clients under their IPv4 addresses', () => {
    const rest =
      '01 00000000:00000000 02:0000037E 00000000     0        0 17566 2 00000000690a51a8 20 0 0 10 -1'
    const text = [
      '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      `   1: 00000000000000000000000001000000:1FBB 00000000000000000000000001000000:E964 ${rest}`,
      `   3: 0000000000000000FFFF00000100007F:1FBB 0000000000000000FFFF00000100007F:8880 ${rest}`,
    ].join('\n')
    expect(parseSocketTable(text).map(({ local, remote }) => [local, remote])).toEqual([
      ['[::1]:8123', '[::1]:59748'],
      ['127.0.0.1:8123', '127.0.0.1:34944'],
    ])
  })
})

test('a timer says how long until it fires, in hundredths of a second', () => {
  const line = `   0: ${ends} 01 00000000:00000000 02:000000C5 00000000     0        0 9 2 0000000000000000 21 4 0 10 -1`
  expect(parseOne(line)).toMatchObject({ timerLeftMs: 1970, retransmissionTimeoutMs: 210 })
})

test('a line cut short, or of something else, is left out', () => {
  expect(parseSocketTable(`${header}   0: ${ends} 01\n   1: zz zz 01 0:0 0:0 0 0 0 0\n`)).toEqual([])
})

test('parseListeningPorts() has listening sockets only', () => {
  const rest = '00000000:00000000 00:00000000 00000000     0        0'
  const text = `${header}   0: ${ends} 0A ${rest} 11 1\n   1: ${ends} 01 ${rest} 12 1\n`
  expect(parseListeningPorts(text)).toEqual([[11, 0x8850]])
})

test('parseDatagramSockets() tells connected sockets from others', () => {
  const rest = '00000000:00000000 00:00000000 00000000     0        0'
  const text = `${header} 10: ${ends} 01 ${rest} 11 2\n 11: 0100007F:1F90 00000000:0000 07 ${rest} 12 2\n`
  expect(parseDatagramSockets(text)).toEqual([
    { local: '10.0.2.1:34896', remote: '10.0.2.2:7000', inode: 11 },
    { local: '127.0.0.1:8080', remote: null, inode: 12 },
  ])
})

describe('diffTables()', () => {
  const idle: KernelSocket = {
    state: 'ESTABLISHED',
    timer: 'none',
    unansweredProbes: 0,
    retransmits: 0,
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
  }
  function tableWith(socket: KernelSocket): SocketTable {
    const [local, remote] = ['10.0.0.1:34896', '10.0.0.2:7000']
    const others = { inode: 9, uid: 0, timerLeftMs: 0, retransmissionTimeoutMs: 200 }
    return new Map([[socketKey(local, remote), { local, remote, socket, ...others }]])
  }
  const diff = (old: KernelSocket, now: KernelSocket) => diffTables(tableWith(old), tableWith(now))

  test('a connection that appeared has no old, one that went no new', () => {
    expect(diffTables(new Map(), tableWith(idle))).toMatchObject([{ old: null, new: idle }])
    expect(diffTables(tableWith(idle), new Map())).toMatchObject([{ old: idle, new: null }])
  })

  test.each<Partial<KernelSocket>>([
    { state: 'CLOSE-WAIT' },
    { timer: 'keepalive' },
    { unansweredProbes: 1 },
    { retransmits: 1 },
    { sendQueueBytes: 7 },
    { receiveQueueBytes: 7 },
  ])('%j is a change, reported with the whole socket', (change) => {
    const now = { ...idle, ...change }
    expect(diff(idle, now)).toEqual([
      { local: '10.0.0.1:34896', remote: '10.0.0.2:7000', old: idle, new: now },
    ])
  })

  test('a queue that grows is none', () => {
    expect(diff({ ...idle, sendQueueBytes: 7 }, { ...idle, sendQueueBytes: 14 })).toEqual([])
  })
})

describeNeeding('Linux, whose /proc lists sockets', process.platform === 'linux')('SocketTableReader', () => {
  test('sees both ends of a connection, unread bytes, and the end', async () => {
    const server = net.createServer({ pauseOnConnect: true }, ignoreReset).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [net.Socket],
      [],
    ]
    const local = `127.0.0.1:${client.localPort}`
    const remote = `127.0.0.1:${client.remotePort}`
    const reader = new SocketTableReader('self')
    try {
      const before = reader.read()
      expect(before.get(socketKey(local, remote))?.socket.state).toBe('ESTABLISHED')
      client.write('1234567')
      await expect.poll(() => reader.read().get(socketKey(remote, local))?.socket.receiveQueueBytes).toBe(7)
      client.resetAndDestroy()
      await expect.poll(() => reader.read().has(socketKey(local, remote))).toBe(false)
    } finally {
      reader.close()
      accepted.destroy()
      server.close()
    }
  })

  // A server on ::, as Node's are, sees IPv4 clients in the other table, whose lines are longer.
  test.each([
    ['tcp', '127.0.0.1'],
    ['tcp6', '::'],
  ] as const)('reads a table of %s longer than a page and than its first buffer', async (name, address) => {
    const server = net.createServer(ignoreReset).listen(0, address)
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    let accepted = 0
    server.on('connection', () => accepted++)
    const clients = Array.from({ length: 300 }, () => net.connect(port, '127.0.0.1'))
    await Promise.all(clients.map((client) => once(client, 'connect')))
    // Only then they have inodes, which make a line as long as it is on a machine that has been up for a day.
    await expect.poll(() => accepted).toBe(clients.length)
    const reader = new SocketTableReader('self', name)
    try {
      const table = reader.read()
      for (const { localPort } of clients) {
        const ends = [`127.0.0.1:${port}`, `127.0.0.1:${localPort}`] as const
        expect(table.has(socketKey(...ends))).toBe(true)
      }
    } finally {
      reader.close()
      for (const client of clients) client.resetAndDestroy()
      server.close()
    }
  })
})

test('parseProcessState() is not led astray by the name of the command', () => {
  expect(parseProcessState('4007 (node) T 3725 3725 3001 0 -1 4194304')).toBe('T')
  expect(parseProcessState('4007 (a) R (b) S 3725 3725 3001 0 -1')).toBe('S')
  expect(parseProcessState('')).toBeNull()
})

test('namespacePids() are the pids of one process, the outermost first', () => {
  expect(namespacePids('Name:\tnode\nNSpid:\t4005\t12\t1\nNSpgid:\t4005\n')).toEqual([4005, 12, 1])
  expect(namespacePids('Name:\tnode\n')).toEqual([])
})

testNeeding('Linux, whose /proc lists processes', process.platform === 'linux')(
  'this process runs, and its last pid is its own (needs Linux /proc)',
  () => {
    expect(parseProcessState(readFileSync('/proc/self/stat', 'utf8'))).toMatch(/^[RS]$/)
    expect(namespacePids(readFileSync('/proc/self/status', 'utf8')).at(-1)).toBe(process.pid)
  },
)

test('a parent is known whatever a program calls itself', () => {
  expect(parseParent('17 (a) S 9 (b) S 4 17 17 0')).toBe(4)
  expect(parseParent('no stat')).toBeNull()
})
