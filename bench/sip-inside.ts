/**
 * Inside namespaces of its own, started by sip.ts: two hosts beside each other. Calls: sipp at x calls y, where sipp
 * and our telephone take turns, each on a core of its own. Media: a telephone of ours at x calls one at y many times at
 * once; the kernel's stamps at y's card say when each packet left.
 *
 *      x: 10.7.1.1  eth0  =======================  eth0  10.7.1.2 :y
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PacketRing } from '../src/kernel/capture/packet-ring.ts'
import { systemCalls } from '../src/kernel/capture/system-calls.ts'
import { PACKET_MS, SAMPLES_PER_PACKET } from '../src/protocols/rtp/constants.ts'
import { readRtp } from '../src/protocols/rtp/packet.ts'
import { atShare, ENV, median, processorMs, run } from './parts/inside.ts'
import type { PhoneCounts } from './sip-phone.ts'

export type Callee = 'ours' | 'sipp'

export interface SipFigures {
  /** Calls a second of each turn's middle one; failed ones and messages that sipp sent again, of all turns. */
  calls: Record<Callee, { aSecond: number; failed: number; again: number; made: number }>
  /** Memory that a process has more, in bytes, for each call that is up, and for one that has ended just now. */
  memory: Record<Callee, { up: number; ended: number }>
  media: {
    calls: number
    seconds: number
    packets: number
    /** How far packets left behind the beat of their stream; and how far waits as long were late before, alone. */
    lateMs: { p50: number; p99: number; max: number }
    waitLateMs: number
    lost: number
    skipped: number
    /** Of one core, of the telephone that was called: all it sends and hears. */
    processorShare: number
  }
}

const [X, Y] = ['10.7.1.1', '10.7.1.2']
const PORT = '5060'
const TURNS = 3
const CALLS = 10_000
const AT_ONCE = 50
/** A process is not measured before it has run for a while: this many calls. */
const WARMING = 2000
const HELD = 800
const HELD_MS = 6000
const MEDIA_CALLS = 200
const MEDIA_MS = 10_000
/** After the last call began: both ends have agreed, and speak. */
const SETTLE_MS = 1000
const LOOK_EVERY_MS = 2
const WAITS = 200
const OPEN_MS = 500
/** Ethernet, IPv4 without options, UDP. */
const HEADERS_BYTES = 14 + 20 + 8
/** Waits as long as a beat, again and again, and says how late the 99th of 100 was. */
const WAITING = `let late = [], began = performance.now()
setTimeout(function next() {
  late.push(performance.now() - began - ${PACKET_MS})
  began = performance.now()
  if (late.length < ${WAITS}) return void setTimeout(next, ${PACKET_MS})
  console.log(late.sort((one, other) => one - other)[Math.floor(0.99 * late.length)])
}, ${PACKET_MS})`

// The core of who is called is nobody else's.
run('taskset', '-cp', '0', `${process.pid}`)
run('mount', '-t', 'tmpfs', 'none', '/run')
for (const name of ['x', 'y']) run('ip', 'netns', 'add', name)
const end = (name: string) => ['name', 'eth0', 'netns', name]
run('ip', 'link', 'add', ...end('x'), 'type', 'veth', 'peer', ...end('y'))
for (const [name, address] of [
  ['x', X],
  ['y', Y],
] as const) {
  run('ip', '-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0')
  for (const card of ['eth0', 'lo']) run('ip', '-n', name, 'link', 'set', card, 'up')
}

const turns = { sipp: [] as Turn[], ours: [] as Turn[] }
for (let turn = 0; turn < TURNS; turn++) {
  for (const callee of ['sipp', 'ours'] as const) turns[callee].push(await callsTo(callee))
}
const figures: SipFigures = {
  calls: { sipp: together(turns.sipp), ours: together(turns.ours) },
  memory: { sipp: await memoryOf('sipp'), ours: await memoryOf('ours') },
  media: await media(),
}
process.stdout.write(JSON.stringify(figures))
process.exit()

interface Turn {
  aSecond: number
  failed: number
  again: number
}

function together(all: readonly Turn[]): SipFigures['calls'][Callee] {
  const sum = (name: 'failed' | 'again') => all.reduce((before, turn) => before + turn[name], 0)
  const aSecond = median(all.map((turn) => turn.aSecond))
  return { aSecond, failed: sum('failed'), again: sum('again'), made: TURNS * CALLS }
}

async function callsTo(callee: Callee): Promise<Turn> {
  const called = await open(callee)
  await sippCalls({ count: WARMING, atOnce: AT_ONCE, holdMs: 0 })
  const turn = await sippCalls({ count: CALLS, atOnce: AT_ONCE, holdMs: 0 })
  await called.close()
  return turn
}

async function memoryOf(callee: Callee): Promise<{ up: number; ended: number }> {
  const called = await open(callee)
  await sippCalls({ count: WARMING, atOnce: AT_ONCE, holdMs: 0 })
  const before = await called.memory()
  const calls = sippCalls({ count: HELD, atOnce: HELD, holdMs: HELD_MS })
  await delay(HELD_MS / 2)
  const up = await called.memory()
  await calls
  const ended = await called.memory()
  await called.close()
  return { up: (up - before) / HELD, ended: (ended - before) / HELD }
}

interface Called {
  child: ChildProcessByStdio<Writable, Readable, null>
  /** In bytes: of sipp what it has of the system; of ours what is in use, for its runtime takes more than that in advance. */
  memory(): Promise<number>
  close(): Promise<void>
}

async function open(callee: Callee): Promise<Called> {
  if (callee === 'ours') return openOurs('y', Y, 'calls')
  const child = start('y', '1', 'sipp', '-sn', 'uas', '-i', Y, '-p', PORT, '-nostdin')
  child.stdout.resume()
  await delay(OPEN_MS)
  return { child, memory: async () => residentBytes(child.pid), close: () => close(child) }
}

interface OurPhone extends Called {
  ask(line: string): Promise<PhoneCounts & { memory: number }>
}

async function openOurs(host: 'x' | 'y', address: string, kind: 'calls' | 'media'): Promise<OurPhone> {
  const script = fileURLToPath(new URL('sip-phone.ts', import.meta.url))
  const node = [process.execPath, '--expose-gc', '--import', 'tsx', script, kind, address]
  const child = start(host, host === 'x' ? '0' : '1', ...node)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  const ask = async (line: string) => {
    child.stdin.write(`${line}\n`)
    return JSON.parse((await lines.next()).value ?? '{}')
  }
  return { child, ask, memory: async () => (await ask('collect')).memory, close: () => close(child) }
}

/** On one core, so that the caller never runs on that of the one who is called. */
function start(host: string, core: string, ...argv: string[]): Called['child'] {
  const command = ['netns', 'exec', host, 'taskset', '-c', core, ...argv]
  return spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'], env: ENV })
}

async function close(child: Called['child']): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function sippCalls({ count, atOnce, holdMs }: Record<'count' | 'atOnce' | 'holdMs', number>) {
  const statistics = '/run/statistics.csv'
  const limits = ['-m', `${count}`, '-l', `${atOnce}`, '-r', '100000', '-d', `${holdMs}`]
  const told = ['-nostdin', '-trace_stat', '-stf', statistics, '-fd', '1']
  const child = start('x', '0', 'sipp', '-sn', 'uac', '-i', X, '-p', PORT, ...limits, ...told, `${Y}:${PORT}`)
  child.stdout.resume()
  await once(child, 'exit')
  // The last line is of the whole time, in columns that the first one names.
  const lines = readFileSync(statistics, 'utf8').trim().split('\n')
  const [names = [], values = []] = [lines[0], lines.at(-1)].map((line) => line?.split(';'))
  const value = (name: string) => Number(values[names.indexOf(`${name}(C)`)])
  const failed = count - value('SuccessfulCall')
  return { aSecond: value('CallRate'), failed, again: value('Retransmissions') }
}

function residentBytes(pid: number | undefined): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return 1024 * Number(kilobytes)
}

async function media(): Promise<SipFigures['media']> {
  const waiting = start('y', '1', process.execPath, '-e', WAITING)
  const waitLateMs = Number(String((await once(waiting.stdout, 'data'))[0]))
  const [caller, called] = [await openOurs('x', X, 'media'), await openOurs('y', Y, 'media')]
  await caller.ask(`call sip:bench@${Y}:${PORT} ${MEDIA_CALLS}`)
  await delay(SETTLE_MS)
  const spentBefore = processorMs(called.child.pid)
  const streams = await departures()
  const processorShare = (processorMs(called.child.pid) - spentBefore) / MEDIA_MS
  const from = await caller.ask('hang-up')
  await delay(SETTLE_MS)
  const [ofCaller, ofCalled] = [await caller.ask('count'), await called.ask('count')]
  await caller.close()
  await called.close()
  if (streams.length !== MEDIA_CALLS || from.failed > 0)
    throw new Error(`${streams.length} calls had media, ${from.failed} failed`)
  const late = streams.flatMap(latenessOf)
  return {
    calls: streams.length,
    seconds: MEDIA_MS / 1000,
    packets: late.length,
    lateMs: { p50: median(late), p99: atShare(late, 0.99), max: atShare(late, 1) },
    waitLateMs,
    // RFC 3550 A.1: the first of a source is on probation, and not counted.
    lost: ofCaller.lost + ofCalled.lost + ofCaller.sent - MEDIA_CALLS - ofCalled.received,
    skipped: streams.reduce((sum, stream) => sum + skippedIn(stream), 0),
    processorShare,
  }
}

interface Packet {
  atMs: number
  timestamp: number
}

/** When each packet of RTP left y, stream by stream. */
async function departures(): Promise<Packet[][]> {
  const streams = new Map<number, Packet[]>()
  const ring = PacketRing.open(systemCalls(), '/run/netns/y', 'eth0')
  const began = performance.now()
  while (performance.now() - began < MEDIA_MS) {
    for (let seen = ring.head(); seen !== null; seen = ring.head()) {
      const packet = seen.direction === 'sent' ? readRtp(seen.bytes.subarray(HEADERS_BYTES)) : null
      if (packet !== null) {
        const stream = streams.get(packet.ssrc) ?? []
        streams.set(packet.ssrc, stream)
        stream.push({ atMs: Number(seen.wallNs / 1000n) / 1000, timestamp: packet.timestamp })
      }
      ring.release()
    }
    await delay(LOOK_EVERY_MS)
  }
  const dropped = ring.dropped()
  ring.close()
  if (dropped > 0) throw new Error(`${dropped} packets were not seen: this machine is too busy`)
  return [...streams.values()]
}

/** Each packet has 160 samples, and so has each that was left out. */
function skippedIn(stream: readonly Packet[]): number {
  const [first, last] = [stream[0]?.timestamp ?? 0, stream.at(-1)?.timestamp ?? 0]
  return ((last - first) >>> 0) / SAMPLES_PER_PACKET + 1 - stream.length
}

/** The beat of a stream is where its earliest packet was, by its timestamp: 8 a millisecond. */
function latenessOf(stream: readonly Packet[]): number[] {
  const first = stream[0]?.timestamp ?? 0
  const after = stream.map(({ atMs, timestamp }) => atMs - ((timestamp - first) >>> 0) / 8)
  const earliest = Math.min(...after)
  return after.map((ms) => ms - earliest)
}
