/** Relays in a host's process, as a lab asks for them. */
import { relayDirections } from '../../../events/vocabulary.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { type IdleProxy, startIdleProxy } from '../../relay/idle-proxy.ts'
import type { RunningRelay } from '../../relay/lane.ts'
import { startRelay } from '../../relay/relay.ts'
import type { RelayRequests } from './requests.ts'

export function scriptRelays({ address, emitterOf }: ScriptedHost): Scripted<RelayRequests> {
  const emit = emitterOf('relay')
  const relays = new Map<string, RunningRelay>()
  const proxies: IdleProxy[] = []
  const all = () => [...relays.values(), ...proxies]

  function known(mechanism: string): RunningRelay {
    const found = relays.get(mechanism)
    if (found === undefined) throw new RangeError(`no relay "${mechanism}" on this host`)
    return found
  }

  return {
    answer: {
      async relayStart({ mechanism, protocol, port, to }) {
        if (relays.has(mechanism)) throw new RangeError(`there is a relay "${mechanism}" on this host`)
        const listen = { host: address, port }
        const target = { host: to.address, port: to.port }
        const relay = await startRelay({ mechanism, protocol, listen, to: target }, emit)
        relays.set(mechanism, relay)
        return { port: relay.port }
      },
      async relaySet({ mechanism, direction, mode }) {
        const relay = known(mechanism)
        for (const each of direction === undefined ? relayDirections : [direction]) relay.setMode(each, mode)
        return null
      },
      async relayReset({ mechanism }) {
        known(mechanism).reset()
        return null
      },
      async idleProxyStart({ mechanism, address: host, port, to }) {
        const target = { host: to.address, port: to.port }
        proxies.push(await startIdleProxy({ mechanism, host, port, to: target, keepsPort: true }, emit))
        return null
      },
      async idleProxyLook() {
        const idle = proxies.map((proxy) => proxy.idleMs()).filter((ms) => ms !== null)
        return { idleMs: idle.length === 0 ? null : Math.max(...idle) }
      },
      async idleProxyLimit(limit) {
        return { forgotten: proxies.flatMap((proxy) => proxy.limit(limit)) }
      },
    },
    async close() {
      await Promise.all(all().map((relay) => relay.close()))
    },
    observe() {},
    reset() {
      for (const relay of all()) relay.reset()
    },
  }
}
