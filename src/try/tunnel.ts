/**
 * `--link wireguard`: the two hosts talk through a tunnel. Its ends run in the hosts' own processes, which no fault of
 * a program strikes; the programs know the addresses inside and no others, so that whatever happens to the network
 * happens to the tunnel's datagrams.
 *
 *      program - TCP - wg0, 10.255.1.1                          10.255.1.2, wg0 - TCP - program
 *                       |                                        |
 *                   [Device] <== UDP, by the hosts' own addresses ==> [Device]
 */
import type { Host, Pair } from '../hosts/host.ts'
import { MTU } from '../protocols/wireguard/constants.ts'
import { keyPair } from '../protocols/wireguard/primitives.ts'
import type { Rig } from '../rig/rig.ts'

const NAME = 'wg0'
const MECHANISM = 'wireguard'
const PORT = 51_820
const ADDRESSES = { a: '10.255.1.1', b: '10.255.1.2' }

/** The host as the programs see it: the same, at its address inside. */
function inside(host: Host, address: string): Host {
  return {
    name: host.name,
    pair: host.pair,
    commandPrefix: host.commandPrefix,
    address,
    address6: null,
    get incarnation() {
      return host.incarnation
    },
    get process() {
      return host.process
    },
  }
}

export class Tunnel {
  /** Its hosts, at their addresses inside. */
  readonly pair: Pair
  readonly #rig: Rig
  readonly #outside: Pair
  readonly #keys = { a: keyPair(), b: keyPair() }
  /** In which incarnation a host was given its end. */
  readonly #opened = new Map<string, number>()

  constructor(rig: Rig, pair: Pair) {
    this.#rig = rig
    this.#outside = pair
    this.pair = { ...pair, a: inside(pair.a, ADDRESSES.a), b: inside(pair.b, ADDRESSES.b) }
  }

  /** Of the tunnel itself, which is nobody's program. */
  readonly ownPort = PORT

  /** Once for each life of a host: what it knew of its peer is gone with it, but for two keys. */
  async open({ name, incarnation }: Host): Promise<void> {
    const side = name === this.#outside.a.name ? 'a' : 'b'
    if (this.#opened.get(name) === incarnation) return
    this.#opened.set(name, incarnation)
    const host = this.#outside[side]
    const conf = this.#confOf(side)
    await host.process?.ask('vpnOpen', { mechanism: MECHANISM, conf, everywhere: true, tun: NAME })
    await this.#rig.run(host, ['ip', 'addr', 'add', `${ADDRESSES[side]}/24`, 'dev', NAME])
    await this.#rig.run(host, ['ip', 'link', 'set', NAME, 'mtu', String(MTU), 'up'])
    await this.#rig.captureInside(host, NAME)
  }

  /** The client knows where the server is, and not the other way round: as behind most routers. */
  #confOf(side: 'a' | 'b'): string {
    const other = side === 'a' ? 'b' : 'a'
    return [
      '[Interface]',
      `PrivateKey = ${this.#keys[side].private.toString('base64')}`,
      `Address = ${ADDRESSES[side]}/24`,
      `ListenPort = ${PORT}`,
      '[Peer]',
      `PublicKey = ${this.#keys[other].public.toString('base64')}`,
      `AllowedIPs = ${ADDRESSES[other]}/32`,
      ...(side === 'a' ? [`Endpoint = ${this.#outside.b.address}:${PORT}`] : []),
    ].join('\n')
  }
}
