/** The media of a call: two ends on real sockets. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type MediaOptions, openMedia } from '../../../src/programs/parts/call-media.ts'
import { openPortPair, type PortPair } from '../../../src/programs/parts/port-pair.ts'
import { frequencyOf, TONE_HZ, toneSamples } from '../../../src/programs/parts/tone.ts'
import { closeUdp } from '../../../src/programs/parts/udp-socket.ts'
import { readWav, readWavFile, wavHeader } from '../../../src/programs/parts/wav.ts'
import { writeRtp } from '../../../src/protocols/rtp/packet.ts'
import { collectEvents } from '../../support/events.ts'

const HOST = '127.0.0.1'
const QUICK_REPORTS_MS = 200
const POLL = { timeout: 4_000, interval: 20 }

async function open(options: Partial<MediaOptions> = {}) {
  const collected = collectEvents()
  const media = await openMedia({ address: HOST, groupId: 'sip:1', ...options }, collected.emit)
  onTestFinished(() => media.stop())
  return { ...media, ...collected }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'stillhere-media-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

const to = (port: number, payloadType = 0, send = 'tone') => ({
  remoteAddress: HOST,
  remotePort: port,
  payloadType,
  direction: 'sendrecv' as const,
  send,
})

test('two ends hear each other: the tone at its frequency, nothing lost, reports that answer each other', async () => {
  const recordings = ['a', 'b'].map((name) => join(folder(), `${name}.wav`))
  const a = await open({ recordTo: recordings[0], reportEveryMs: QUICK_REPORTS_MS })
  const b = await open({ recordTo: recordings[1], reportEveryMs: QUICK_REPORTS_MS })
  expect([a.localPort % 2, b.localPort % 2]).toEqual([0, 0])
  await Promise.all([a.start(to(b.localPort, 0)), b.start(to(a.localPort, 8))])
  for (const end of [a, b]) {
    await end.until('media:heard')
    await end.until('media:report_received', ({ roundTripMs }) => roundTripMs !== null)
    expect((await end.until('media:report_sent')).data.lost).toBe(0)
  }
  for (const end of [a, b]) {
    const { sent, received, lost, toneHz, levelDbfs, ignored, buffer } = end.statistics()
    expect(sent).toBeGreaterThan(10)
    expect(received).toBeGreaterThan(10)
    expect(lost).toBe(0)
    // The first packet proves nothing yet: it takes a second one in sequence.
    expect(ignored).toBe(1)
    expect(buffer).toMatchObject({ duplicated: 0, overflowed: 0 })
    expect(Math.abs((toneHz ?? 0) - TONE_HZ)).toBeLessThan(2)
    // A quarter of full scale is -12, a sine three below.
    expect(Math.abs(levelDbfs + 15)).toBeLessThan(1)
  }
  await a.stop()
  await b.until('media:bye_heard', ({ reason }) => reason === 'the call is over')
  await b.stop()
  for (const recording of recordings) {
    const heard = readWavFile(recording)
    expect(heard.length).toBeGreaterThan(1600)
    expect(Math.abs((frequencyOf(heard.subarray(800, 2400)) ?? 0) - TONE_HZ)).toBeLessThan(2)
  }
})

test('a goodbye without a report before it, as baresip says it, is heard', async () => {
  const a = await open()
  const peer = await openPortPair(HOST)
  onTestFinished(async () => void (await Promise.all([peer.rtp, peer.rtcp].map(closeUdp))))
  await a.start(to(peer.port))
  const ssrc = 0x885d5894
  for (const sequence of [1, 2, 3]) {
    const packet = { payloadType: 0, sequence, timestamp: 160 * sequence, ssrc, marker: false }
    peer.rtp.send(writeRtp({ ...packet, payload: Buffer.alloc(160) }), a.localPort, HOST)
  }
  await a.until('media:heard')
  peer.rtcp.send(Buffer.from('81cb0003885d58940441646a6f000000', 'hex'), a.localPort + 1, HOST)
  expect((await a.until('media:bye_heard')).data).toEqual({ ssrc, reason: 'Adjo' })
})

test.each(['recvonly', 'inactive'] as const)(
  'on hold (%s) nothing is said but reports',
  async (direction) => {
    const a = await open({ silentAfterMs: 100, reportEveryMs: QUICK_REPORTS_MS })
    const b = await open({ silentAfterMs: 100, reportEveryMs: QUICK_REPORTS_MS })
    await Promise.all([a.start(to(b.localPort)), b.start(to(a.localPort))])
    await b.until('media:heard')
    await a.start({ ...to(b.localPort), direction })
    const { sent } = a.statistics()
    await b.until('media:silent')
    const heard = (name: string) => b.events.filter((event) => event.name === name).length
    const reports = heard('media:report_received')
    await expect.poll(() => heard('media:report_received'), POLL).toBeGreaterThan(reports)
    expect(a.statistics().sent).toBe(sent)
    await a.start(to(b.localPort))
    await b.until('media:heard_again')
    // The hold of before RFC 3264: an address that is none.
    await a.start({ ...to(b.localPort), remoteAddress: '0.0.0.0', direction })
    const before = a.statistics().sent
    await expect.poll(() => heard('media:silent'), POLL).toBe(2)
    expect(a.statistics().sent).toBe(before)
    expect(a.statistics().refusals).toBe(0)
  },
)

test('where nothing is awaited no silence is told', async () => {
  const [a, b] = [await open({ silentAfterMs: 50 }), await open()]
  await a.start({ ...to(b.localPort), direction: 'sendonly' })
  await b.start(to(a.localPort, 0, 'silence'))
  await b.until('media:heard')
  await b.stop()
  await setTimeout(200)
  expect(a.events.filter(({ name }) => name === 'media:silent')).toEqual([])
})

test('who speaks from another port than was agreed on is not heard', async () => {
  const a = await open({ silentAfterMs: 300 })
  const [peer, other] = [await openPortPair(HOST), await openPortPair(HOST)]
  onTestFinished(async () => void (await Promise.all([...pair(peer), ...pair(other)].map(closeUdp))))
  await a.start(to(peer.port))
  for (const sequence of [1, 2, 3]) {
    const packet = { payloadType: 0, sequence, timestamp: 160 * sequence, ssrc: 7, marker: false }
    other.rtp.send(writeRtp({ ...packet, payload: Buffer.alloc(160) }), a.localPort, HOST)
  }
  await a.until('media:silent')
  expect(a.statistics()).toMatchObject({ received: 0, ignored: 0 })
})

const pair = ({ rtp, rtcp }: PortPair) => [rtp, rtcp]

test('silence is told once, and that it ended; a port that nobody has is told of, and counted', async () => {
  const a = await open({ silentAfterMs: 100 })
  const b = await open()
  await a.start(to(b.localPort))
  await a.until('media:silent', ({ silentMs }) => silentMs >= 100)
  await b.start(to(a.localPort))
  await a.until('media:heard_again')
  await b.stop()
  await a.until('media:refused', ({ code }) => code === 'ECONNREFUSED')
  expect(a.statistics().refusals).toBeGreaterThan(0)
  expect(a.events.filter(({ name }) => name === 'media:silent').length).toBeLessThanOrEqual(2)
})

test('a file is sent; the same end goes on with another target', async () => {
  const file = join(folder(), 'speech.wav')
  const samples = toneSamples(0, 8000)
  writeFileSync(file, Buffer.concat([wavHeader(samples.length), Buffer.from(samples.buffer)]))
  expect(readWav(readFileSync(file))).toEqual(samples)
  const [a, b, c] = [await open(), await open(), await open()]
  await a.start(to(b.localPort, 8, file))
  await b.start(to(a.localPort, 0, 'silence'))
  await b.until('media:heard')
  await a.until('media:heard')
  await expect.poll(() => b.statistics().toneHz, { timeout: 4000 }).toBeCloseTo(TONE_HZ, 0)
  expect(a.statistics().toneHz).toBe(null)
  await a.start(to(c.localPort))
  await c.start(to(a.localPort))
  await c.until('media:heard')
})

test('wrong input is refused in one line that says what to do', async () => {
  await expect(open({ port: 20_001 })).rejects.toThrow('media port 20001 is odd: give an even one')
  await expect(open({ recordTo: '/nowhere/a.wav' })).rejects.toThrow('cannot record to "/nowhere/a.wav"')
  const a = await open()
  await expect(a.start(to(9, 18))).rejects.toThrow('payload type 18 is neither 0 (u-law) nor 8 (A-law)')
  await expect(a.start(to(9, 0, '/nowhere.wav'))).rejects.toThrow('cannot read "/nowhere.wav"')
  const music = join(folder(), 'music.wav')
  const header = wavHeader(0)
  header.writeUInt32LE(44_100, 24)
  writeFileSync(music, header)
  await expect(a.start(to(9, 0, music))).rejects.toThrow(
    'has 44100 Hz, one channel, 16 bits: it should be 8000 Hz',
  )
})
