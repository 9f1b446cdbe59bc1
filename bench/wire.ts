/**
 * `node --import tsx bench/wire.ts`: what the cable and the switch that are programs cost, beside a plain veth and the
 * kernel's own bridge, in turns of one run. Figures to read, not a test: they say what was aimed at, and what it is.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCapabilities } from '../src/hosts/capabilities.ts'
import { bundlePrograms } from '../src/processes/bundle.ts'
import { measureInside } from './parts/inside.ts'
import { say } from './parts/tell.ts'
import type { Figures } from './wire-inside.ts'

const LIMIT_MS = 180_000
/** Of the series for a round trip and for a delay, and for what is spent while idle. */
const AIMS = {
  stream: { least: 0.5, words: 'of what a plain veth carries' },
  frames: { least: 0.4, words: "of the frames that the kernel's bridge forwards" },
  roundTripMs: 0.2,
  delayMs: 1,
  idleShare: 0.01,
} as const

const { isolation } = await findCapabilities()
if (isolation === null) say('cable and switch', 'not measured: no network namespaces here')
else {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-bench-'))
  try {
    mkdirSync(join(folder, 'events'))
    const argument = JSON.stringify({ folder, ...(await bundlePrograms()) })
    tell(measureInside<Figures>(isolation, 'wire-inside.ts', LIMIT_MS, argument))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function tell({ stream, frames, roundTripMs, delay, idle }: Figures): void {
  const gbit = (bytes: number) => `${((8 * bytes) / 1e9).toFixed(2)} Gbit/s`
  ratio('one TCP stream', stream.cable, stream.veth, gbit, AIMS.stream)
  const kilo = (count: number) => `${(count / 1000).toFixed(0)} thousand/s`
  ratio('frames of 64 bytes', frames.program, frames.bridge, kilo, AIMS.frames)
  const added = roundTripMs.cable - roundTripMs.veth
  say(
    'a round trip, median',
    `${ms(roundTripMs.cable)} with the cable, ${ms(roundTripMs.veth)} without: ${ms(added)} more`,
    added < AIMS.roundTripMs,
    `below ${ms(AIMS.roundTripMs)}`,
  )
  say(
    `a delay of ${delay.askedMs} ms, 99 of 100`,
    `${ms(delay.overMs)} more at most, the middle one ${ms(delay.medianOverMs)}; a bare wait as long, beside it: ${ms(delay.waitOverMs)}`,
    delay.overMs < AIMS.delayMs && delay.underMs <= 0,
    `0 to ${ms(AIMS.delayMs)}; the shortest was ${ms(-delay.underMs)} over it`,
  )
  for (const [name, share] of Object.entries(idle)) {
    const percent = `${(100 * share).toFixed(2)} % of a processor`
    say(`the ${name} while idle`, percent, share < AIMS.idleShare, `below ${100 * AIMS.idleShare} %`)
  }
}

function ratio(
  what: string,
  ours: number,
  others: number,
  words: (value: number) => string,
  aim: { least: number; words: string },
): void {
  const share = ours / others
  const figures = `${words(ours)} of ${words(others)}: ${share.toFixed(2)} ${aim.words}`
  say(what, figures, share >= aim.least, `${aim.least} at least`)
}

/** What it is about is less than a hundredth of one. */
function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(3)} ms`
}
