/** What several cases of this lab do alike. */
import type { Host, Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { CableSettings } from '../../src/wire/cable.ts'
import { ROWS } from './conditions.ts'

/** What is sent arrives within milliseconds, or never. */
export const SOON = { withinMs: 3000 }
const FIRST_PORT = 7001

/** Fixed ports where hosts have networks of their own, so that each row has one; else any free one. */
export function portAt({ address }: Host, row: (typeof ROWS)[number]): number {
  return address.startsWith('127.') ? 0 : FIRST_PORT + ROWS.indexOf(row)
}

/** The first packet between two hosts is an ARP request, which is no business of UDP or TCP. */
export async function knowEachOther(rig: Rig, { a, b }: Pair): Promise<void> {
  await rig.measure(a, b, { count: 1, everyMs: 0, bytes: 20, withinMs: 100 })
}

export async function setCable(rig: Rig, pair: Pair, change: Partial<CableSettings>): Promise<void> {
  for (const direction of ['aToB', 'bToA'] as const) await rig.cable(pair).set(direction, change)
}
