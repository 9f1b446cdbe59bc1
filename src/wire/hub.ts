/**
 * A hub: whatever comes in at one port leaves at all others. It reads nothing and remembers nothing, so all that
 * hang on it share one medium, as they did on the one coaxial cable of the first Ethernets.
 */

import type { ForwardingReason } from '../events/vocabulary.ts'

export interface Forwarding<Port> {
  readonly to: readonly Port[]
  /**
   * `repeated`: by a hub, which has no reasons. `known`: the destination was heard at that port. `unknown`: it was
   * not, or too long ago, so it goes to all others, to arrive in any case. `group`: broadcast or multicast, to all
   * others. `joined`: multicast, to those that said they want it. `same-port`: the destination is where the frame came from, and has it already. `reserved`: it is for the
   * switch itself (IEEE 802.1D table 7-10). `invalid`: no frame, or one that nobody can have sent.
   */
  readonly because: ForwardingReason
  /** What the frame's source address told: a new one, or that a known one is at another port now. */
  readonly learned?: 'new' | 'moved'
}

/** What stands between hosts: a frame comes in at one port, and leaves at none, one or many. */
export interface PortDevice<Port> {
  enter(frame: Buffer, port: Port, nowMs: number): Forwarding<Port>
}

export class Hub<Port> implements PortDevice<Port> {
  readonly #ports: readonly Port[]

  constructor(ports: readonly Port[]) {
    this.#ports = ports
  }

  enter(_frame: Buffer, port: Port): Forwarding<Port> {
    return { to: this.#ports.filter((one) => one !== port), because: 'repeated' }
  }
}
