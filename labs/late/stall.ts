/** The way from b to a stands still, then goes on, and nothing was lost. */
import type { Pair } from '../../src/hosts/host.ts'
import { randomFrom } from '../../src/lab/random.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { Relay, SocketAddress } from '../../src/rig/sockets.ts'
import type { LateSettings, Policy, Stall } from './conditions.ts'
import { carryOut, converse } from './policies.ts'

/**
 * The act of a case whose answers are held back, for clients of these policies.
 * @param phase how much of an interval after a PING the stall begins; by default the seed says
 */
export async function holdBack(
  rig: Rig,
  pair: Pair,
  settings: LateSettings,
  { stall, policies, phase }: { stall: Stall; policies: readonly Policy[]; phase?: number },
): Promise<void> {
  const way = wayBack(rig, pair)
  const clients = await converse(rig, pair, policies, settings, way.before)
  await rig.sleep((phase ?? phaseOf(rig)) * settings.heartbeat.intervalMs)

  await way.stall()
  rig.mark(pair, 'stalled')
  const goOn = rig.sleep(settings.stallMs[stall]).then(() => {
    rig.mark(pair, 'resuming')
    return way.goOn()
  })
  await carryOut(rig, pair, clients, settings, goOn)
}

/** Where in an interval something happens: another seed, another phase. */
export function phaseOf(rig: Rig): number {
  return randomFrom(rig.plan.seed)()
}

/** What holds answers back: the cable of the pair, or a relay before b where these hosts have none. */
function wayBack(rig: Rig, pair: Pair) {
  if (rig.offers('cable')) {
    const cable = rig.cable(pair)
    return { stall: () => cable.hold('bToA', ['tcp']), goOn: () => cable.release('bToA') }
  }
  const relays: Relay[] = []
  const tell = async (mode: 'hold' | 'pass') => {
    await Promise.all(relays.map((relay) => relay.set({ mode }, 'to-client')))
  }
  return {
    async before(at: SocketAddress, policy: Policy): Promise<SocketAddress> {
      const relay = await rig.sockets(pair.b).relay(policy, 'tcp', at)
      relays.push(relay)
      return relay.at
    },
    stall: () => tell('hold'),
    goOn: () => tell('pass'),
  }
}
