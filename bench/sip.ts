/**
 * `node --import tsx bench/sip.ts`: calls that sipp makes to our telephone, beside those it makes to itself, in turns of
 * one run; and many calls with speech at once. Figures to read, not a test: they say what was aimed at, and what it is.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { findCapabilities } from '../src/hosts/capabilities.ts'
import { ENV, measureInside } from './parts/inside.ts'
import { ms, say } from './parts/tell.ts'
import type { SipFigures } from './sip-inside.ts'

const LIMIT_MS = 240_000
const AIMS = { callShare: 0.5, failed: 0, jitterMs: 5, lost: 0 } as const

const { isolation } = await findCapabilities()
const missing = ['sipp', 'taskset'].find((name) => spawnSync(name, ['-v'], { env: ENV }).error !== undefined)
if (isolation === null) say('telephone calls', 'not measured: no network namespaces here')
else if (missing !== undefined) say('telephone calls', `not measured: no ${missing} here`)
else if (availableParallelism() < 2) say('telephone calls', 'not measured: one core, and each end needs one')
else {
  tell(measureInside<SipFigures>(isolation, 'sip-inside.ts', LIMIT_MS))
}

function tell({ calls: { ours, sipp }, memory, media }: SipFigures): void {
  const share = ours.aSecond / sipp.aSecond
  say(
    'calls a second, one core',
    `${ours.aSecond.toFixed(0)} to ours, ${sipp.aSecond.toFixed(0)} to sipp: ${share.toFixed(2)}`,
    share >= AIMS.callShare,
    `${AIMS.callShare} at least`,
  )
  say(
    'calls that failed',
    `${ours.failed} of ${ours.made} to ours, ${sipp.failed} to sipp; said again ${ours.again}, ${sipp.again} times`,
    ours.failed <= AIMS.failed,
    'none',
  )
  const kilo = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  say('memory of a call', `${kilo(memory.ours.up)} of ours, ${kilo(memory.sipp.up)} of sipp`)
  say(
    'of one just ended',
    `${kilo(memory.ours.ended)} of ours, for half a minute; ${kilo(memory.sipp.ended)} of sipp`,
  )
  const { p50, p99, max } = media.lateMs
  say(
    `${media.calls} calls with speech`,
    `a packet left ${ms(p99)} late at most, 99 of 100; the middle one ${ms(p50)}, the last ${ms(max)}; a bare wait before it: ${ms(media.waitLateMs)}`,
    p99 < AIMS.jitterMs,
    `below ${AIMS.jitterMs} ms`,
  )
  say(
    'packets lost by us',
    `${media.lost} lost, ${media.skipped} never sent; ${media.packets} left in ${media.seconds} s`,
    media.lost + media.skipped <= AIMS.lost,
    'none',
  )
  say('processor time for them', `${(100 * media.processorShare).toFixed(0)} % of one core`)
}
