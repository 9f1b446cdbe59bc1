/**
 * `node --import tsx bench/heartbeat.ts`: the processor time that a server needs for one heartbeat over TCP, beside the
 * least that C and Node can do, and beside a ping of `ws`; in turns of one run. Each of 500 connections sends the next
 * PING when the one before is answered. Figures to read, not a test: they say what was aimed at, and what it is.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { median, processorMs } from './parts/inside.ts'
import { say } from './parts/tell.ts'

const CONNECTIONS = 500
const TURNS = 5
/** Until Node has compiled what it runs often. */
const WARM_MS = 1500
const MEASURED_MS = 2000
/** Times the bare line server of Node. */
const AIMS = { ours: 1.3, logged: 1.8 } as const

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const node = (kind: string) => [process.execPath, '--import', 'tsx', file('heartbeat-server.ts'), kind]

const folder = mkdtempSync(join(tmpdir(), 'stillhere-bench-'))
const program = join(folder, 'epoll')
const hasCompiler = spawnSync('cc', ['-O2', '-o', program, file('heartbeat-epoll.c')]).status === 0
const kinds: Record<string, string[]> = {
  ...(hasCompiler ? { C: [program] } : {}),
  bare: node('bare'),
  ours: node('ours'),
  logged: node('logged'),
  ws: node('ws'),
}

/** By kind, microseconds a heartbeat, one for each turn. */
const taken: Record<string, number[]> = {}
try {
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [kind, argv] of Object.entries(kinds)) {
      taken[kind] = [...(taken[kind] ?? []), await microseconds(kind, argv)]
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
tell()

/** Of the server's processor time, for one heartbeat. */
async function microseconds(kind: string, [command = '', ...args]: readonly string[]): Promise<number> {
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  const peers = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => (kind === 'ws' ? wsPeer : linePeer)(Number(line))),
  )
  await delay(WARM_MS)
  const [before, countBefore] = [processorMs(server.pid), count(peers)]
  await delay(MEASURED_MS)
  const [after, countAfter] = [processorMs(server.pid), count(peers)]
  for (const { stop } of peers) stop()
  await ended(server)
  return (1000 * (after - before)) / (countAfter - countBefore)
}

interface Peer {
  answered: number
  stop(): void
}

function count(peers: readonly Peer[]): number {
  return peers.reduce((sum, { answered }) => sum + answered, 0)
}

/** It answers the server's own PINGs, too. */
async function linePeer(port: number): Promise<Peer> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  const peer = { answered: 0, stop: () => socket.destroy() }
  socket.setEncoding('latin1').on('error', () => {})
  socket.on('data', (chunk: string) => {
    // Lines are short and few: none is cut in two on loopback.
    for (const line of chunk.split('\n')) {
      if (line.startsWith('PING')) socket.write(`PONG${line.slice(4)}\n`)
      if (!line.startsWith('PONG')) continue
      peer.answered += 1
      socket.write(`PING ${peer.answered}\n`)
    }
  })
  await once(socket, 'connect')
  socket.write('PING 0\n')
  return peer
}

async function wsPeer(port: number): Promise<Peer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  const peer = { answered: 0, stop: () => socket.terminate() }
  socket.on('error', () => {})
  socket.on('pong', () => {
    peer.answered += 1
    socket.ping()
  })
  await once(socket, 'open')
  socket.ping()
  return peer
}

async function ended(server: ChildProcess): Promise<void> {
  const exited = once(server, 'exit')
  server.stdin?.end()
  await exited
}

function tell(): void {
  const bare = median(taken.bare ?? [])
  const names: Record<string, string> = {
    C: 'a heartbeat, C and epoll',
    bare: 'bare Node',
    ours: 'ours, not logged',
    logged: 'ours, each logged',
    ws: 'a ping of ws',
  }
  for (const [kind, values] of Object.entries(taken)) {
    const middle = median(values)
    const spread = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`
    const ratio = (middle / bare).toFixed(2)
    const aim = kind === 'ours' || kind === 'logged' ? AIMS[kind] : undefined
    say(
      names[kind] ?? kind,
      `${middle.toFixed(1)} us of processor time (${spread}), ${ratio} times bare Node`,
      aim === undefined ? undefined : middle / bare <= aim,
      `${aim} times at most`,
    )
  }
}
