/** A host whose sockets a lab leads step by step. */
import type { Emitter } from '../../events/emit.ts'
import type { Host } from '../../hosts/host.ts'
import type { HostRequests, RequestName } from '../../programs/scripts/host-messages.ts'

export interface SocketAddress {
  address: string
  port: number
}

type Announce = (server: 'own' | 'remote', at: SocketAddress, mechanism: string) => Promise<void>

export class LedHost {
  readonly #host: Host
  /** Where its servers listen. */
  readonly address: string
  readonly #emit: Emitter
  readonly #announce: Announce

  /**
   * @param emit logs what the lab asks
   * @param announce tells packet capture and kernel observer what this host speaks at a server's port
   * @param address another than its own
   */
  constructor(host: Host, emit: Emitter, announce: Announce, address = host.address) {
    this.#host = host
    this.#emit = emit
    this.#announce = announce
    this.address = address
  }

  /** Where its telephones' wires lead, where no cable leads through the office. */
  get office(): Host['office'] {
    return this.#host.office
  }

  /** It serves at that port now. @returns where clients connect to */
  async serves(mechanism: string, port: number): Promise<SocketAddress> {
    const at = { address: this.address, port }
    await this.#announce('own', at, mechanism)
    return at
  }

  /** It is about to call a server there. */
  async calls(mechanism: string, { address, port }: SocketAddress): Promise<void> {
    await this.#announce('remote', { address, port }, mechanism)
  }

  /**
   * Asks its process. What the lab asked is a line of the log too, beside what came of it.
   * @param takesMs how long it may take by the nature of the request, beside the usual limit
   */
  ask<N extends RequestName>(
    request: N,
    mechanism: string,
    groupId: string | undefined,
    ask: HostRequests[N]['ask'],
    takesMs = 0,
  ): Promise<HostRequests[N]['answer']> {
    const what = ask !== null && 'act' in ask ? `${request} ${ask.act}` : request
    this.#emit('host:asked', { request: what, mechanisms: [mechanism] }, groupId)
    const { process, name } = this.#host
    if (process === null) throw new Error(`Host ${name} has no process`)
    return process.ask(request, ask, takesMs)
  }
}
