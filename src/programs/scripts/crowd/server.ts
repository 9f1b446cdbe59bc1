/** Many connections at the server's end: it holds them, and may speak and judge. */
import { readFileSync } from 'node:fs'
import * as net from 'node:net'
import type { Emitter } from '../../../events/emit.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import { PeerBelief } from '../../parts/belief.ts'
import { startStreamHeartbeat } from '../../parts/stream-heartbeat.ts'
import { groupIdOf, listen, stopListening } from '../../parts/tcp-events.ts'
import type { Judging } from './requests.ts'
import { Tally } from './tally.ts'

export interface CrowdServer {
  readonly port: number
  readonly held: number
  /** Heartbeats heard. */
  readonly heard: number
  close(): Promise<void>
}

export interface CrowdServerOptions {
  mechanism: string
  host: string
  port: number
  backlog: number
  heartbeat?: HeartbeatTiming
  judging?: Judging
}

/** Rejects when it cannot listen. */
export async function startCrowdServer(options: CrowdServerOptions, emit: Emitter): Promise<CrowdServer> {
  const { mechanism, heartbeat, judging = 'guarded' } = options
  const sockets = new Set<net.Socket>()
  const groupId = crowdGroup(mechanism)
  const connected = new Tally(emit, 'crowd:connected', groupId)
  const disconnected = new Tally(emit, 'crowd:disconnected', groupId)
  const beats = countBeats(emit, groupId)
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    connected.add()
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      disconnected.add()
    })
    if (heartbeat === undefined) socket.resume()
    else if (judging === 'guarded') startStreamHeartbeat(socket, heartbeat, beats.emit, beats.belief())
    else watchdog(socket, heartbeat.suspectAfterMs, beats)
  })
  const port = await listen(server, options)
  // As many as the machine has room for.
  server.maxConnections = Number.MAX_SAFE_INTEGER
  emit(
    'crowd:serving',
    { local: `${options.host}:${port}`, backlog: backlogInForce(options.backlog) },
    groupId,
  )
  return {
    port,
    get held() {
      return sockets.size
    },
    get heard() {
      return beats.heard
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return stopListening(server)
    },
  }
}

/** listen(2): the kernel silently takes less, where net.core.somaxconn is less. */
function backlogInForce(backlog: number): number {
  try {
    return Math.min(backlog, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')))
  } catch {
    return backlog
  }
}

/** All connections of a row: none of them has a group of its own. */
export function crowdGroup(mechanism: string): string {
  return groupIdOf(mechanism, undefined)
}

/** What the heartbeats of many say, counted instead of logged. */
export interface Beats {
  /** Takes what a heartbeat emits. */
  readonly emit: Emitter
  readonly suspected: Tally
  readonly trusted: Tally
  heard: number
  /** Of one more peer, who has answered just now. */
  belief(): PeerBelief
}

const HEARD = ['heartbeat:ping_received', 'heartbeat:pong_received']

export function countBeats(log: Emitter, groupId: string): Beats {
  const beats: Beats = {
    heard: 0,
    suspected: new Tally(log, 'crowd:suspected', groupId),
    trusted: new Tally(log, 'crowd:trusted', groupId),
    emit(name, data) {
      if (HEARD.includes(name)) beats.heard += 1
      else if (name === 'detector:paused') log(name, data)
      else if (name === 'belief:updated' && 'old' in data) {
        if (data.new === 'suspect') beats.suspected.add()
        else if (data.new === 'up' && data.old !== 'unknown') beats.trusted.add()
      }
    },
    belief() {
      const belief = new PeerBelief(beats.emit, groupId)
      belief.become('up', 'connected')
      return belief
    },
  }
  return beats
}

/** One timer, set anew with whatever comes. It does not know that its own process may have stood still. */
function watchdog(socket: net.Socket, limitMs: number, beats: Beats): void {
  let isSuspect = false
  const timer = setTimeout(() => {
    isSuspect = true
    beats.suspected.add()
  }, limitMs)
  socket.on('data', () => {
    beats.heard += 1
    timer.refresh()
    if (!isSuspect) return
    isSuspect = false
    beats.trusted.add()
  })
  socket.once('close', () => clearTimeout(timer))
}
