/** Relays in a host's process, as a lab asks for them. */
import { relayDirections } from '../../../events/vocabulary.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import type { RunningRelay } from '../../relay/lane.ts'
import { startRelay } from '../../relay/relay.ts'
import type { RelayRequests } from './requests.ts'

export function scriptRelays({ address, emitterOf }: ScriptedHost): Scripted<RelayRequests> {
  const emit = emitterOf('relay')
  const relays = new Map<string, RunningRelay>()

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
    },
    async close() {
      await Promise.all([...relays.values()].map((relay) => relay.close()))
    },
    observe() {},
    reset() {
      for (const relay of relays.values()) relay.reset()
    },
  }
}
