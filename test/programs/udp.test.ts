import * as dgram from 'node:dgram'
import { afterEach, describe, expect, test } from 'vitest'
import type { Program } from '../../src/programs/parts/program.ts'
import { STRANGER_EVENTS_PER_SECOND_MAX } from '../../src/programs/parts/strangers.ts'
import { bindUdp, connectUdp } from '../../src/programs/parts/udp-socket.ts'
import { startUdpClient } from '../../src/programs/udp-client.ts'
import { startUdpHeartbeat } from '../../src/programs/udp-heartbeat.ts'
import { startUdpServer } from '../../src/programs/udp-server.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'udp', host: '127.0.0.1' }
const timing = { intervalMs: 100, suspectAfterMs: 250, downAfterMs: 450 }

const running: Program[] = []
const rawSockets: dgram.Socket[] = []
afterEach(async () => {
  for (const socket of rawSockets.splice(0)) socket.close()
  await Promise.all(running.splice(0).map((program) => program.close()))
})

async function started(starting: Promise<Program>): Promise<Program> {
  const program = await starting
  running.push(program)
  return program
}

async function connectRaw(port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4')
  rawSockets.push(socket)
  await connectUdp(socket, { host: '127.0.0.1', port })
  return socket
}

/** Somebody at an address of this machine who speaks when told to. `silent`: as a forged address, which hears nothing. */
async function peerAt(port: number, conduct: 'silent' | 'answers', from = '127.0.0.1') {
  const socket = dgram.createSocket('udp4')
  rawSockets.push(socket)
  await new Promise<void>((bound) => socket.bind(0, from, bound))
  await connectUdp(socket, { host: '127.0.0.1', port })
  const heard: string[] = []
  const peer = {
    port: socket.address().port,
    conduct,
    send: (datagram: string) => socket.send(datagram),
    heard: () => heard,
    bytesHeard: () => heard.join('').length,
    /** The line of that word, when so many have come. */
    untilHeard: (word: string, count = 1) =>
      new Promise<string>((resolve) => {
        const look = () => {
          const found = heard.filter((line) => line.startsWith(word))
          if (found.length >= count) resolve(found[0] ?? '')
        }
        socket.on('message', look)
        look()
      }),
  }
  socket.on('message', (datagram) => {
    heard.push(datagram.toString())
    const [word, number] = datagram.toString().trim().split(' ')
    if (word === 'PING' && peer.conduct === 'answers') socket.send(`PONG ${number}`)
  })
  return peer
}

/** A port where nobody listens: one was there a moment ago. */
async function closedPort(): Promise<number> {
  const gone = await startUdpServer({ ...at, port: 0 }, collectEvents().emit)
  await gone.close()
  return gone.port
}

describe('startUdpClient', () => {
  test('sends to a server whose belief becomes up, and whose death of the sender changes nothing', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpServer({ ...at, port: 0 }, atServer.emit))
    const client = await startUdpClient({ ...at, port: server.port, intervalMs: 20 }, atClient.emit)
    const { groupId, data } = await atServer.until('belief:updated')
    expect(groupId).toBe(`udp:${client.port}`)
    expect(data).toEqual({ old: 'unknown', new: 'up', trigger: 'heard', certainty: 'definite' })
    await atClient.until('udp:datagram_sent')
    await client.close()
    const other = await connectRaw(server.port)
    other.send('from somebody else')
    await atServer.until('belief:updated', (_, group) => group === `udp:${other.address().port}`)
    const ofClient = atServer.events.filter(
      (event) => event.name === 'belief:updated' && event.groupId === groupId,
    )
    expect(ofClient).toHaveLength(1)
  })

  test('hears of a closed port, believes down as of then, and goes on sending', async () => {
    const { emit, until, events } = collectEvents()
    await started(startUdpClient({ ...at, port: await closedPort(), intervalMs: 20 }, emit))
    const { data } = await until('belief:updated')
    expect(data).toEqual({ old: 'unknown', new: 'down', trigger: 'econnrefused', certainty: 'definite' })
    expect(events.some((event) => event.name === 'udp:error_received')).toBe(true)
    const sentBefore = events.filter((event) => event.name === 'udp:datagram_sent').length
    await until('udp:datagram_sent', () => {
      return events.filter((event) => event.name === 'udp:datagram_sent').length > sentBefore
    })
  })
})

describe('startUdpServer', () => {
  test('rejects with EADDRINUSE when the port is taken', async () => {
    const server = await started(startUdpServer({ ...at, port: 0 }, collectEvents().emit))
    await expect(startUdpServer({ ...at, port: server.port }, collectEvents().emit)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})

describe('startUdpHeartbeat', () => {
  const listening = { ...at, role: 'listen', port: 0, timing } as const
  const connected = { ...at, role: 'connect', timing } as const

  test('lets both ends believe up, in one group named by the client port', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpHeartbeat(listening, atServer.emit))
    const client = await started(startUdpHeartbeat({ ...connected, port: server.port }, atClient.emit))
    for (const end of [atServer, atClient]) {
      const { data, groupId } = await end.until('belief:updated')
      expect(data).toMatchObject({ old: 'unknown', new: 'up', trigger: 'heard' })
      expect(groupId).toBe(`udp:${client.port}`)
      await end.until('heartbeat:pong_received', ({ number }) => number === 3)
      expect(end.events.filter((event) => event.name === 'belief:updated')).toHaveLength(1)
    }
  })

  test('at the listening end suspects a client that went without a word, then takes it for down', async () => {
    const atServer = collectEvents()
    const atClient = collectEvents()
    const server = await started(startUdpHeartbeat(listening, atServer.emit))
    const client = await startUdpHeartbeat({ ...connected, port: server.port }, atClient.emit)
    // By then it has answered, too.
    await atClient.until('heartbeat:pong_received', ({ number }) => number === 1)
    await client.close()
    await atServer.until('belief:updated', (belief) => belief.new === 'suspect')
    const { data } = await atServer.until('belief:updated', (belief) => belief.new === 'down')
    expect(data).toMatchObject({ trigger: 'heartbeat_missed', certainty: 'unknown' })
  })

  test('at the connected end believes a refusal, goes on, and is up again when somebody answers', async () => {
    const atClient = collectEvents()
    const port = await closedPort()
    await started(startUdpHeartbeat({ ...connected, port }, atClient.emit))
    const refused = await atClient.until('belief:updated', (belief) => belief.new === 'down')
    expect(refused.data).toMatchObject({ trigger: 'econnrefused', certainty: 'definite' })
    await started(startUdpHeartbeat({ ...listening, port }, collectEvents().emit))
    const again = await atClient.until('belief:updated', (belief) => belief.old === 'down')
    expect(again.data).toMatchObject({ new: 'up', trigger: 'heard' })
  })

  test('learns no peer from rubbish, and says which rule it broke', async () => {
    const { emit, until, events } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const rude = await connectRaw(server.port)
    rude.send(Buffer.from('PING 01\nHELLO\n'))
    expect((await until('heartbeat:line_refused')).data).toEqual({
      problem: 'BAD_NUMBER',
      excerpt: 'PING 01\\x0aHELLO\\x0a',
    })
    expect(events.some((event) => event.name === 'belief:updated')).toBe(false)
    rude.send(Buffer.from('HELLO\nPING 1'))
    await until('heartbeat:ping_received')
    expect(events.some((event) => event.name === 'belief:updated')).toBe(false)
  })

  test('answers an address that has proved nothing with three times its bytes at most, and never unasked', async () => {
    const { emit, until, events } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const forged = await peerAt(server.port, 'silent')
    const clock = await started(startUdpHeartbeat({ ...connected, port: server.port }, emit))
    for (const datagram of [
      'PING 0',
      'PING 4294967295\n',
      'PING 1\nPING 2\nPING 3',
      'PONG 7',
      'HELLO\nPING 5',
    ]) {
      const before = forged.bytesHeard()
      forged.send(datagram)
      // Ten intervals of another peer: more than it takes until somebody silent is down.
      const from = events.length
      await until('heartbeat:pong_received', (_, group) => {
        const since = events.slice(from).filter(({ name }) => name === 'heartbeat:pong_received')
        return group === `udp:${clock.port}` && since.length >= 10
      })
      expect(forged.bytesHeard() - before).toBeLessThanOrEqual(3 * datagram.length)
      expect(forged.heard().some((line) => line.startsWith('PING'))).toBe(true)
    }
    const ofForged = events.filter(({ groupId }) => groupId === `udp:${forged.port}`)
    expect(ofForged.some(({ name }) => name === 'belief:updated')).toBe(false)
  })

  test('takes no number for a proof that belongs to another address', async () => {
    const { emit, until, events } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const [forged, spy] = [await peerAt(server.port, 'silent'), await peerAt(server.port, 'silent')]
    spy.send('PING 1')
    const number = (await spy.untilHeard('PING')).split(' ')[1]
    forged.send(`PONG ${number}`)
    await until('heartbeat:pong_received', (_, group) => group === `udp:${forged.port}`)
    expect(events.some(({ name }) => name === 'belief:updated')).toBe(false)
    spy.send(`PONG ${number}`)
    expect((await until('belief:updated')).groupId).toBe(`udp:${spy.port}`)
  })

  test('says nothing to a peer that is down until it speaks, and has proved again that it hears', async () => {
    const { emit, until } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const clock = collectEvents()
    await started(startUdpHeartbeat({ ...connected, port: server.port }, clock.emit))
    const peer = await peerAt(server.port, 'answers')
    const ofPeer = (_: unknown, group: string | undefined) => group === `udp:${peer.port}`
    peer.send('PING 0')
    await until('heartbeat:pong_received', (data, group) => ofPeer(data, group) && data.number === 1)
    peer.conduct = 'silent'
    await until('belief:updated', (belief, group) => ofPeer(belief, group) && belief.new === 'down')
    const atDown = peer.heard().length
    const tenIntervals = async () => {
      const from = clock.events.findLast((event) => event.name === 'heartbeat:pong_received')
      const number = from !== undefined && 'number' in from.data ? Number(from.data.number) : 0
      await clock.until('heartbeat:pong_received', (pong) => pong.number >= number + 10)
    }
    await tenIntervals()
    expect(peer.heard().length).toBe(atDown)
    peer.send('PING 9')
    await tenIntervals()
    expect(peer.heard().slice(atDown)).toEqual(['PONG 9', expect.stringMatching(/^PING \d+$/)])
    peer.conduct = 'answers'
    peer.send('PING 10')
    const again = await until(
      'belief:updated',
      (belief, group) => ofPeer(belief, group) && belief.old === 'down',
    )
    expect(again.data).toMatchObject({ new: 'up', trigger: 'heartbeat_late' })
  })

  test('tells of strangers now and then, and how many it has not told of; an honest one gets in', async () => {
    const { emit, until, events } = collectEvents()
    const server = await startUdpHeartbeat(listening, emit)
    const forged = await peerAt(server.port, 'silent')
    const atClient = collectEvents()
    for (let sent = 50; sent <= 200; sent += 50) {
      for (let count = 0; count < 50; count++) forged.send('PING 0')
      await forged.untilHeard('PONG', sent)
    }
    await started(startUdpHeartbeat({ ...connected, port: server.port }, atClient.emit))
    await atClient.until('belief:updated', (belief) => belief.new === 'up')
    await until('belief:updated', (belief) => belief.new === 'up')
    await server.close()
    const told = events.filter(({ groupId }) => groupId === `udp:${forged.port}`).length
    const untold = events.flatMap(({ data }) => ('events' in data ? [data.events] : []))
    const seconds = untold.length + 1
    expect(told).toBeLessThanOrEqual(seconds * STRANGER_EVENTS_PER_SECOND_MAX)
    // Of each datagram three: the PING came, PONG and PING went.
    const sum = untold.reduce((all, each) => all + each, told)
    expect(sum).toBeGreaterThanOrEqual(600)
  })

  test('has room for 128 peers, for 64 of one address, and tells the next', async () => {
    const { emit, until, events } = collectEvents()
    // Nobody is down yet when the last one comes: nobody gives up his place.
    const slow = { intervalMs: 1000, suspectAfterMs: 60_000, downAfterMs: 90_000 }
    const server = await started(startUdpHeartbeat({ ...listening, timing: slow }, emit))
    const join = async (from: string) => {
      const peer = await peerAt(server.port, 'answers', from)
      peer.send('PING 0')
      return `udp:${peer.port}`
    }
    /** It asks again until it is told of: strangers are told of now and then. */
    const isRefused = async (from: string) => {
      const peer = await peerAt(server.port, 'answers', from)
      const asking = setInterval(() => peer.send('PING 0'), 50)
      await until(
        'heartbeat:line_refused',
        ({ problem }, group) => problem === 'TOO_MANY_PEERS' && group === `udp:${peer.port}`,
      )
      clearInterval(asking)
    }
    for (const from of ['127.0.0.1', '127.0.0.2']) {
      for (let count = 0; count < 64; count++) {
        const group = await join(from)
        await until('belief:updated', (_, groupId) => groupId === group)
      }
      await isRefused(from)
    }
    await isRefused('127.0.0.3')
    expect(events.filter((event) => event.name === 'belief:updated')).toHaveLength(128)
  })

  test('gives the place of a peer that is down to a new one', async () => {
    const { emit, until } = collectEvents()
    const server = await started(startUdpHeartbeat(listening, emit))
    const first = await Promise.all(Array.from({ length: 64 }, () => peerAt(server.port, 'answers')))
    for (const peer of first) peer.send('PING 0')
    for (const { port } of first) await until('belief:updated', (_, group) => group === `udp:${port}`)
    for (const peer of first) peer.conduct = 'silent'
    await until('belief:updated', (belief) => belief.new === 'down')
    const late = await peerAt(server.port, 'answers')
    late.send('PING 7')
    await until('belief:updated', (belief, group) => group === `udp:${late.port}` && belief.new === 'up')
  })
})

describe('startUdpServer', () => {
  test('tells of so many datagrams a second, and how many it has not told of', async () => {
    const { emit, until, events } = collectEvents()
    const server = await started(startUdpServer({ ...at, port: 0 }, emit))
    const sender = await connectRaw(server.port)
    for (let count = 0; count < 200; count++) sender.send('x')
    await until('udp:strangers_untold')
    const untold = events.flatMap(({ data }) => ('events' in data ? [data.events] : []))
    const told = events.filter(({ name }) => name !== 'udp:strangers_untold').length
    expect(told).toBe(STRANGER_EVENTS_PER_SECOND_MAX)
    // Each datagram, and that somebody is up.
    expect(untold.reduce((all, each) => all + each, told)).toBe(201)
  })
})

test('bindUdp tells the port it got', async () => {
  const socket = dgram.createSocket('udp4')
  rawSockets.push(socket)
  expect(await bindUdp(socket, { host: '127.0.0.1', port: 0 })).toBe(socket.address().port)
})
