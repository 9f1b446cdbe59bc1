/** When a router that forgets by itself (`nat-forgets=30s`) has forgotten: its own table says. */
import type { RouterMapping } from '../events/vocabulary.ts'
import type { IdleRouter, IdleSeen } from '../faults/nat-forgets.ts'
import type { Pair } from '../hosts/host.ts'
import type { Rig } from '../rig/rig.ts'

/** A table shows whole seconds, rounded down: in the last one it is looked at so often. */
const LOOK_EVERY_MS = 100
/** A program that speaks again before the limit is over is given so many times the limit to be idle after all. */
const LIMITS_WAITED = 2
const SLACK_MS = 2000

/** No run waits longer for what is idle to be forgotten. */
export function longestWaitMs(idleMs: number): number {
  return LIMITS_WAITED * idleMs + SLACK_MS
}

/** Waits until the router has forgotten something of the programs, or it is plain that they do not let it. */
export async function untilForgotten(rig: Rig, pair: Pair, idle: IdleRouter): Promise<IdleSeen> {
  const router = rig.router(pair)
  const begunMs = performance.now()
  const untilMs = begunMs + longestWaitMs(idle.idleSeconds * 1000)
  let before: RouterMapping[] = []
  for (;;) {
    const mappings = (await router.mappings()).filter((mapping) => isOfPrograms(mapping, pair))
    const forgotten = before.filter((held) => isOpen(held) && !mappings.some((now) => isSame(held, now)))
    const now = performance.now()
    if (forgotten.length > 0 || now >= untilMs) {
      return { forgotten, kept: mappings, watchedMs: Math.round(now - begunMs) }
    }
    before = mappings
    // The next to be forgotten, unless a packet passes meanwhile; whoever comes now is remembered for longer.
    const nextMs = Math.min(
      ...mappings.filter(isOpen).map(({ forgetsInMs }) => forgetsInMs),
      idle.idleSeconds * 1000,
    )
    await rig.sleep(Math.min(Math.max(nextMs, LOOK_EVERY_MS), untilMs - now))
  }
}

/** Our own probes pass through it too. */
function isOfPrograms({ destination }: RouterMapping, { b }: Pair): boolean {
  return destination !== `${b.address}:${b.process?.echoPort}`
}

/** One that was closed is forgotten because of that. */
function isOpen({ protocol, state }: RouterMapping): boolean {
  return protocol === 'udp' || state === 'ESTABLISHED'
}

function isSame(one: RouterMapping, other: RouterMapping): boolean {
  return (
    one.protocol === other.protocol && one.source === other.source && one.destination === other.destination
  )
}
