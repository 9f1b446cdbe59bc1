/** Many connections at the clients' end: they may speak, and they may come back when their server is gone. */
import * as net from 'node:net'
import type { Emitter } from '../../../events/emit.ts'
import type { HeartbeatTiming } from '../../../protocols/heartbeat/constants.ts'
import { Backoff } from '../../../protocols/reconnect/backoff.ts'
import { startStreamHeartbeat } from '../../parts/stream-heartbeat.ts'
import type { CrowdRequests, Returning } from './requests.ts'
import { type Beats, countBeats, crowdGroup } from './server.ts'
import { Tally } from './tally.ts'

/** Connected at once: few enough for the queue of any server that listens. */
const TOGETHER = 64

export class CrowdClients {
  readonly #sockets = new Set<net.Socket>()
  readonly #waiting = new Set<NodeJS.Timeout>()
  readonly #tallies: Record<'connected' | 'disconnected' | 'refused' | 'tried', Tally>
  readonly #beats: Beats
  #isOver = false
  #joined = 0

  constructor(mechanism: string, emit: Emitter) {
    const groupId = crowdGroup(mechanism)
    this.#tallies = {
      connected: new Tally(emit, 'crowd:connected', groupId),
      disconnected: new Tally(emit, 'crowd:disconnected', groupId),
      refused: new Tally(emit, 'crowd:refused', groupId),
      tried: new Tally(emit, 'crowd:tried', groupId),
    }
    this.#beats = countBeats(emit, groupId)
  }

  get held(): number {
    return this.#sockets.size
  }

  get heard(): number {
    return this.#beats.heard
  }

  /** @throws the error of the first that could not connect (EADDRNOTAVAIL, EMFILE, ...) */
  async join({ to, count, sources, heartbeat, returning }: CrowdRequests['crowdJoin']['ask']): Promise<void> {
    for (let done = 0; done < count; done += TOGETHER) {
      const some = Array.from({ length: Math.min(TOGETHER, count - done) }, (_, index) => {
        const localAddress = sources[this.#joined++ % sources.length]
        const target = {
          host: to.address,
          port: to.port,
          noDelay: true,
          ...(localAddress && { localAddress }),
        }
        return this.#connect(target, heartbeat, returning?.[done + index])
      })
      await Promise.all(some)
    }
  }

  leave(): void {
    this.#isOver = true
    for (const timer of this.#waiting) clearTimeout(timer)
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Resolves when it is connected for the first time. */
  #connect(
    target: net.NetConnectOpts,
    heartbeat: HeartbeatTiming | undefined,
    returning: Returning | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let drawn = 0
      const backoff =
        returning &&
        new Backoff(returning.limits, () => returning.draws[drawn++ % returning.draws.length] ?? 0)
      const attempt = () => {
        let openedAtMs: number | undefined
        const socket = net.connect(target)
        socket.once('connect', () => {
          openedAtMs = performance.now()
          this.#sockets.add(socket)
          this.#tallies.connected.add()
          if (heartbeat === undefined) socket.resume()
          else startStreamHeartbeat(socket, heartbeat, this.#beats.emit, this.#beats.belief())
          resolve()
        })
        // Beyond the first attempt nobody hears it: whoever comes back tries until it is over.
        socket.once('error', reject)
        socket.once('close', () => {
          this.#sockets.delete(socket)
          if (openedAtMs === undefined) this.#tallies.refused.add()
          else this.#tallies.disconnected.add()
          if (this.#isOver || backoff === undefined) return
          if (openedAtMs !== undefined) backoff.lasted(performance.now() - openedAtMs)
          this.#wait(backoff.next().delayMs, attempt)
        })
      }
      attempt()
    })
  }

  #wait(delayMs: number, attempt: () => void): void {
    const dueAtMs = performance.now() + delayMs
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      this.#tallies.tried.add(Math.max(0, performance.now() - dueAtMs))
      attempt()
    }, delayMs)
    this.#waiting.add(timer)
  }
}
