/**
 * A TCP proxy that forgets connections on which nothing passes: what stands before most servers, as a load balancer with
 * an idle limit.
 *
 *   client === kernel | proxy | kernel === server
 *
 * Each connection through it is two. Either end talks to a kernel of the proxy, which acknowledges data and answers
 * keepalive whatever becomes of the other half. So an end hears that it is forgotten only if the proxy says so, by FIN or
 * RST; and many say it to one end alone.
 */
import * as net from 'node:net'
import type { Emitter } from '../../events/emit.ts'
import { type ProxyEnd, proxyEnds } from '../../events/vocabulary.ts'
import { UsageError } from '../../foreign/usage.ts'
import { optionalInteger, runByHand, runsAsFile, socketAddress } from '../parts/command-line.ts'
import type { Program } from '../parts/program.ts'
import {
  addressesOf,
  admitTcp,
  closeInOrder,
  errorData,
  groupIdOf,
  listen,
  stopListening,
} from '../parts/tcp-events.ts'

/** By what the ends are told that they are forgotten, and which of them; both where none is named. */
export const farewells = [
  'close',
  'close-client',
  'close-server',
  'reset',
  'reset-client',
  'reset-server',
] as const
export type Farewell = (typeof farewells)[number]

/** A `type`: it is part of a plan. */
export type IdleLimit = { idleMs: number; farewell: Farewell }

/** `close-client`: who is told, and in which flag of TCP they see it. */
export function toldBy(farewell: Farewell): { told: readonly ProxyEnd[]; by: 'FIN' | 'RST' } {
  const named = proxyEnds.find((end) => farewell.endsWith(`-${end}`))
  return {
    told: named === undefined ? proxyEnds : [named],
    by: farewell.startsWith('close') ? 'FIN' : 'RST',
  }
}

export interface IdleProxyOptions {
  mechanism: string
  host: string
  /** 0: any free one. */
  port: number
  to: { host: string; port: number }
  /** It speaks to the server from the port of the client, by which both halves are known as one. */
  keepsPort?: boolean
  /** Absent: it forgets nothing, until it is told to. */
  limit?: IdleLimit
}

/** The ports of one half, as the proxy's host has it. */
interface HalfPorts {
  own: number
  theirs: number
}
export type ForgottenPorts = Record<ProxyEnd, HalfPorts>

export interface IdleProxy extends Pick<Program, 'port' | 'close' | 'reset'> {
  /** For how long nothing has passed on the connection that is the most idle; null: there is none. */
  idleMs(): number | null
  /** From now on; 0 ms: all that there is, once. @returns what was forgotten at once, by its ports */
  limit(limit: IdleLimit): ForgottenPorts[]
}

interface Connection {
  readonly groupId: string
  readonly halves: Record<ProxyEnd, net.Socket>
  passedAtMs: number
  timer: NodeJS.Timeout | undefined
  isForgotten: boolean
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startIdleProxy(options: IdleProxyOptions, emit: Emitter): Promise<IdleProxy> {
  const { mechanism, to, keepsPort = false } = options
  const connections = new Set<Connection>()
  let limit = options.limit ?? null
  const remembered = () => [...connections].filter(({ isForgotten }) => !isForgotten)
  const { admits } = admitTcp()

  const listener = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (!admits(client)) return
    const { remotePort = 0 } = client
    const localPort = keepsPort ? { localPort: remotePort } : {}
    const server = net.connect({ ...to, ...localPort, noDelay: true, allowHalfOpen: true })
    const one: Connection = {
      groupId: groupIdOf(mechanism, remotePort),
      halves: { client, server },
      passedAtMs: performance.now(),
      timer: undefined,
      isForgotten: false,
    }
    connections.add(one)
    const { remote } = addressesOf(client)
    server.once('connect', () => {
      emit('relay:opened', { client: remote, local: addressesOf(server).local }, one.groupId)
    })
    join(one)
    lookAgain(one, limit)
  })

  /** What arrives at one half goes out at the other; so do FIN and RST. */
  function join(one: Connection): void {
    const { client, server } = one.halves
    let because = 'both ends said goodbye'
    for (const [half, other] of [
      [client, server],
      [server, client],
    ] as const) {
      half.on('data', () => {
        one.passedAtMs = performance.now()
      })
      half.pipe(other)
      half.on('error', (error) => {
        because = `${errorData(error).code} from the ${half === client ? 'client' : 'server'}'s side`
      })
      half.once('close', () => {
        // Nobody said goodbye: the other end cannot see that, and learns it by RST.
        if (!one.isForgotten && !half.readableEnded && !other.destroyed) other.resetAndDestroy()
        if (!client.destroyed || !server.destroyed || !connections.delete(one)) return
        clearTimeout(one.timer)
        emit('relay:closed', { because: one.isForgotten ? 'it was forgotten' : because }, one.groupId)
      })
    }
  }

  /** Forgets it if it has been idle for long enough; else looks when that might be. */
  function lookAgain(one: Connection, wanted: IdleLimit | null): void {
    clearTimeout(one.timer)
    if (wanted === null || one.isForgotten) return
    const leftMs = one.passedAtMs + wanted.idleMs - performance.now()
    if (leftMs > 0) one.timer = setTimeout(() => lookAgain(one, wanted), Math.ceil(leftMs))
    else forget(one, wanted)
  }

  function forget(one: Connection, { idleMs, farewell }: IdleLimit): void {
    const { told, by } = toldBy(farewell)
    one.isForgotten = true
    emit('relay:forgot', { idleMs, told: [...told], by }, one.groupId)
    for (const half of Object.values(one.halves)) half.unpipe()
    for (const end of proxyEnds) {
      const half = one.halves[end]
      // Who is not told has a connection that nobody reads: its kernel here goes on as if nothing had happened.
      if (!told.includes(end)) half.pause()
      else if (by === 'FIN') half.destroy()
      else half.resetAndDestroy()
    }
  }

  const port = await listen(listener, options)
  emit('relay:started', {
    mechanism,
    protocol: 'tcp',
    listen: `${options.host}:${port}`,
    to: `${to.host}:${to.port}`,
    warning: 'Either end talks to its kernel, which answers keepalive even when the other half is gone.',
  })
  return {
    port,
    idleMs() {
      const times = remembered().map(({ passedAtMs }) => passedAtMs)
      return times.length === 0 ? null : performance.now() - Math.min(...times)
    },
    limit(wanted) {
      limit = wanted.idleMs === 0 ? null : wanted
      const ports = new Map(remembered().map((one) => [one, portsOf(one)]))
      for (const one of ports.keys()) lookAgain(one, wanted)
      return [...ports].flatMap(([one, own]) => (one.isForgotten ? [own] : []))
    },
    reset() {
      for (const { halves } of connections) {
        for (const half of Object.values(halves)) half.resetAndDestroy()
      }
    },
    async close() {
      const stopped = stopListening(listener)
      const halves = [...connections].flatMap((one) => Object.values(one.halves))
      await Promise.all(halves.map((half) => closeInOrder(half, () => half.end())))
      await stopped
    },
  }
}

/** To be asked before the sockets are destroyed. */
function portsOf({ halves: { client, server } }: Connection): ForgottenPorts {
  const ports = ({ localPort = 0, remotePort = 0 }: net.Socket) => ({ own: localPort, theirs: remotePort })
  return { client: ports(client), server: ports(server) }
}

/** @throws UsageError */
function farewellOf(text: string): Farewell {
  const found = farewells.find((one) => one === text)
  if (found === undefined) throw new UsageError(`"--farewell" is one of ${farewells.join(', ')}`)
  return found
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'idle-proxy',
    file: 'relay/idle-proxy',
    about: 'Passes on TCP connections, and forgets those on which nothing passes, as a load balancer does.',
    mechanism: 'proxy',
    flags: {
      listen: { type: 'string', default: '127.0.0.1:0', value: 'ADDRESS:PORT', help: 'where clients come' },
      to: { type: 'string', value: 'ADDRESS:PORT', help: 'the server' },
      idle: { type: 'string', default: '60000', value: 'MS', help: 'what is idle for so long is forgotten' },
      farewell: { type: 'string', default: 'close', value: 'WORD', help: farewells.join(', ') },
    },
    start: (values, emit) => {
      const limit = {
        idleMs: optionalInteger(values, 'idle', 1, 86_400_000) ?? 0,
        farewell: farewellOf(String(values.farewell)),
      }
      const to = socketAddress(values, 'to', 1)
      return startIdleProxy({ mechanism: 'proxy', ...socketAddress(values, 'listen', 0), to, limit }, emit)
    },
  })
}
