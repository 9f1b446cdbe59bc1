/** Looks at what the hosts' kernels have counted and learned, and tells them what they would have to find out. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Host, Pair } from '../../src/hosts/host.ts'
import { neighboursCommand, parseNeighbours, processedBetween } from '../../src/kernel/card.ts'
import { looksAt } from '../../src/lab/card-looks.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { readBlocks } from '../../src/view/pcapng/read.ts'
import { labelOf } from '../../src/wire/label.ts'
import { decodePacket } from '../../src/wire/packet.ts'

/** What is sent arrives within milliseconds, or never. */
export const SOON = { withinMs: 3000 }

/** Logs whom a host knows on the wire. */
export async function readNeighbours(rig: Rig, host: Host): Promise<void> {
  const neighbours = parseNeighbours(await rig.run(host, neighboursCommand))
  rig.emitterOf(host, 'kernel')('kernel:neighbours_read', { neighbours })
}

/** From now on a host knows another's MAC address, and need not ask. */
export async function tellNeighbour(rig: Rig, host: Host, other: Host, mac: string): Promise<void> {
  const entry = ['replace', other.address, 'lladdr', mac, 'dev', 'eth0', 'nud', 'permanent']
  await rig.run(host, ['ip', 'neigh', ...entry])
}

/** The capture writes what it saw fifty times a second. */
const LOOK_EVERY_MS = 50
const LOOKS_MAX = 20

/** Logs the octets of a datagram that a host has sent, once its capture has written them. */
export async function readOctets(rig: Rig, host: Host, said: string): Promise<void> {
  const file = join(rig.plan.folder, 'packets', `${host.name}.pcapng`)
  for (let look = 0; look < LOOKS_MAX; look++) {
    const kept = existsSync(file) ? frameThatSays(file, said) : null
    if (kept !== null) {
      rig.emitterOf(host, 'kernel')('packet:octets_read', kept)
      return
    }
    await rig.sleep(LOOK_EVERY_MS)
  }
}

function frameThatSays(file: string, said: string): { frame: number; octets: string } | null {
  let frame = 0
  for (const block of readBlocks(file)) {
    if (block.type !== 'packet') continue
    frame += 1
    if (labelOf(decodePacket(block.bytes)) === said) return { frame, octets: block.bytes.toString('hex') }
  }
  return null
}

/** The third host of a case that has a switch or a hub that is a program in the middle. */
export function thirdOf({ name, c }: Pair): Host {
  if (c === undefined) throw new Error(`${name} has no third host`)
  return c
}

/** How many frames the processors of this machine took in between those looks, for whichever host; null: not two. */
export function processed(end: End): number | null {
  const looks = looksAt(end)
  return looks && processedBetween(looks[0].data.framesProcessed, looks[1].data.framesProcessed)
}

/** A host's address; empty where the log does not tell. */
export function addressOf(cell: Cell, { host }: End): string {
  return cell.log.first('host:started', { host })?.data.address ?? ''
}

/** Its MAC address, as its own kernel said first; empty where it was not asked. */
export function macOf(end: End): string {
  return end.ofHost('kernel:card_read')[0]?.data.mac ?? ''
}
