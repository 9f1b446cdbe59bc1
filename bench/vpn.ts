/**
 * `node --import tsx bench/vpn.ts`: TCP through a tunnel of which one end is ours and the other wireguard-go, beside a
 * tunnel of two wireguard-go and a plain veth, in turns of one run. Figures to read, not a test: they say what was aimed
 * at, and what it is.
 */
import { spawnSync } from 'node:child_process'
import { findCapabilities } from '../src/hosts/capabilities.ts'
import { tunProblem } from '../src/kernel/tun.ts'
import { ENV, measureInside } from './parts/inside.ts'
import { ms, say } from './parts/tell.ts'
import type { VpnFigures } from './vpn-inside.ts'

const LIMIT_MS = 180_000
const AIMS = { streamShare: 0.8, roundTripMs: 0.5, processorRatio: 1.5, exitMs: 1000 } as const

const { isolation } = await findCapabilities()
const hasProgram = spawnSync('wireguard-go', ['--version'], { env: ENV }).error === undefined
const problem = tunProblem() ?? (hasProgram ? null : 'no wireguard-go here')
if (isolation === null) say('a tunnel', 'not measured: no network namespaces here')
else if (problem !== null) say('a tunnel', `not measured: ${problem}`)
else {
  tell(measureInside<VpnFigures>(isolation, 'vpn-inside.ts', LIMIT_MS))
}

function tell({ stream, roundTripMs, processorMsPerMb, exitMs }: VpnFigures): void {
  const mbit = (bytes: number) => `${((8 * bytes) / 1e6).toFixed(0)} Mbit/s`
  for (const way of ['up', 'down'] as const) {
    const [ours, others] = [stream.ours[way], stream.go[way]]
    const share = ours / others
    say(
      `TCP through it, ${way === 'up' ? 'from' : 'to'} ours`,
      `${mbit(ours)}; between two wireguard-go ${mbit(others)}, by a veth ${mbit(stream.veth[way])}: ${share.toFixed(2)}`,
      share >= AIMS.streamShare,
      `${AIMS.streamShare} at least`,
    )
  }
  const more = roundTripMs.ours - roundTripMs.go
  say(
    'a round trip, median',
    `${ms(roundTripMs.ours)}; ${ms(roundTripMs.go)}, ${ms(roundTripMs.veth)}: ${ms(more)} more`,
    more < AIMS.roundTripMs,
    `below ${ms(AIMS.roundTripMs)} more`,
  )
  const ratio = processorMsPerMb.ours / processorMsPerMb.go
  say(
    'processor time for a MB',
    `${ms(processorMsPerMb.ours)} of ours, ${ms(processorMsPerMb.go)} of wireguard-go: ${ratio.toFixed(2)}`,
    ratio <= AIMS.processorRatio,
    `${AIMS.processorRatio} at most`,
  )
  say('its end', ms(exitMs), exitMs < AIMS.exitMs, `below ${AIMS.exitMs} ms`)
}
