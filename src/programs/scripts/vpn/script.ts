/** Ends of a VPN, led step by step by a lab. By hand: `vpn-peer.ts`, which this runs. */
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { readConf } from '../../parts/wireguard-conf.ts'
import { startVpnPeer, type VpnPeer } from '../../vpn-peer.ts'
import type { VpnRequests } from './requests.ts'

const PEERS_MAX = 16
const EVERYWHERE = '0.0.0.0'

export function scriptVpns({ address, emitterOf }: ScriptedHost): Scripted<VpnRequests> {
  const emit = emitterOf('vpn-peer')
  /** By mechanism. */
  const opened = new Map<string, VpnPeer>()

  function known(mechanism: string): VpnPeer {
    const found = opened.get(mechanism)
    if (found === undefined) throw new RangeError(`no VPN "${mechanism}" on this host`)
    return found
  }

  return {
    answer: {
      async vpnOpen({ mechanism, conf, everywhere = false, ...how }) {
        if (opened.has(mechanism) || opened.size === PEERS_MAX) {
          throw new RangeError(`a VPN "${mechanism}" is there already, or ${PEERS_MAX} are`)
        }
        const host = everywhere ? EVERYWHERE : address
        const peer = await startVpnPeer({ mechanism, conf: readConf(conf), host, ...how }, emit)
        opened.set(mechanism, peer)
        return { port: peer.port }
      },

      async vpnPing({ mechanism, to }) {
        known(mechanism).ping(to)
        return null
      },

      async vpnClose({ mechanism }) {
        const peer = known(mechanism)
        opened.delete(mechanism)
        await peer.close()
        return null
      },
    },

    async close() {
      await Promise.all([...opened.values()].map((peer) => peer.close()))
    },
    observe() {},
    reset() {},
  }
}
