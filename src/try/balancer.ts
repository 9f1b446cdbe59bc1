/**
 * The load balancer of `lb-forgets`: a TCP proxy on the third host, beside the server's, which the clients take for the
 * server. It listens wherever the server does.
 *
 *   clients on a ---- proxy on c ---- server on b
 */

import type { Fault } from '../faults/fault.ts'
import { AT_ONCE, lbForgets } from '../faults/lb-forgets.ts'
import { addressesOf, type Host, type Pair } from '../hosts/host.ts'
import type { HostProcess } from '../hosts/host-process.ts'
import type { IdleLimit } from '../programs/relay/idle-proxy.ts'
import type { Rig } from '../rig/rig.ts'
import { longestWaitMs } from './idle-router.ts'
import type { Family } from './request.ts'

/** Who speaks again is seen to have done so soon enough. */
const LOOK_EVERY_MS = 100

export class Balancer {
  readonly host: Host
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #row: string
  readonly #family: Family
  readonly #process: HostProcess

  /** @param row what is spoken through it */
  constructor(rig: Rig, pair: Pair, row: string, family: Family) {
    const { c } = pair
    if (c === undefined || c.process === null) throw new RangeError(`${pair.name} has no host for a balancer`)
    this.host = c
    this.#process = c.process
    this.#rig = rig
    this.#pair = pair
    this.#row = row
    this.#family = family
  }

  /** From now on clients reach this port of the server by way of the balancer. */
  async listen(port: number): Promise<void> {
    const of = ({ address, address6 }: Host) => (this.#family === 6 && address6) || address
    const to = { address: of(this.#pair.b), port }
    await this.#process.ask('idleProxyStart', { mechanism: this.#row, address: of(this.host), port, to })
    for (const address of addressesOf(this.host)) {
      await this.#rig.speaksTo(this.#pair.a, { address, port }, this.#row)
    }
  }

  /** Waits until somebody has been idle for so long, or it is plain that nobody will be; then that is the fault. */
  async untilIdle(limit: IdleLimit | null): Promise<Fault> {
    if (limit === null) return lbForgets(AT_ONCE)
    const begunMs = performance.now()
    const untilMs = begunMs + longestWaitMs(limit.idleMs)
    for (;;) {
      const { idleMs } = await this.#process.ask('idleProxyLook', null)
      const now = performance.now()
      const leftMs = idleMs === null ? limit.idleMs : limit.idleMs - idleMs
      if (leftMs <= 0 || now >= untilMs) return lbForgets(limit, now - begunMs)
      await this.#rig.sleep(Math.min(Math.max(leftMs, LOOK_EVERY_MS), untilMs - now))
    }
  }
}
