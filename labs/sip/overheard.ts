/**
 * What somebody who stands beside the wire can do: read a message that has passed, as a capture has kept it, and say
 * something that looks like it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../src/hosts/host.ts'
import { placeText } from '../../src/protocols/ip-address.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress } from '../../src/rig/sockets.ts'
import { readBlocks } from '../../src/view/pcapng/read.ts'
import { labelOf } from '../../src/wire/label.ts'
import { decodePacket } from '../../src/wire/packet.ts'

/** The capture writes what it saw fifty times a second. */
const LOOK_EVERY_MS = 50
const LOOKS_MAX = 40

/**
 * The last message of this kind that passed a host's card, as it was.
 * @param label what its arrow says, from the beginning: `INVITE sip:`, `200 OK (INVITE)`
 * @throws Error when none has
 */
export async function overhear(rig: Rig, host: Host, label: string): Promise<string> {
  const file = join(rig.plan.folder, 'packets', `${host.name}.pcapng`)
  for (let look = 0; look < LOOKS_MAX; look++) {
    const found = existsSync(file) ? lastThatSays(file, label) : null
    if (found !== null) return found
    await rig.sleep(LOOK_EVERY_MS)
  }
  throw new Error(`no ${label} passed ${host.name}`)
}

function lastThatSays(file: string, label: string): string | null {
  let found: string | null = null
  for (const block of readBlocks(file)) {
    if (block.type !== 'packet') continue
    const packet = decodePacket(block.bytes)
    if (labelOf(packet)?.startsWith(label) !== true || !('payload' in packet)) continue
    found = packet.payload.toString('latin1')
  }
  return found
}

/**
 * A BYE for the call that this INVITE began, as whoever called would say it, but from another place.
 * @param invite as it was answered
 * @param answer to it: 200, with the tag of who was called
 * @param toTag instead of that tag: guessed
 */
export function byeFor(invite: string, answer: string, from: SocketAddress, toTag?: string): string {
  const [, target = ''] = /^INVITE (\S+)/.exec(invite) ?? []
  const to = headerOf(answer, 'To')
  const place = placeText(from.address, from.port)
  return [
    `BYE ${target} SIP/2.0`,
    `Via: SIP/2.0/UDP ${place};branch=z9hG4bK${from.port}${toTag ?? 'overheard'}`,
    'Max-Forwards: 70',
    `From: ${headerOf(answer, 'From')}`,
    `To: ${toTag === undefined ? to : to.replace(/;tag=[^;\s]+/, `;tag=${toTag}`)}`,
    `Call-ID: ${headerOf(answer, 'Call-ID')}`,
    `CSeq: ${LATER} BYE`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

/** Numbers of a dialog only grow: this one is above all that were. */
const LATER = 1_000_000

/** @throws RangeError for a message without it */
function headerOf(message: string, name: string): string {
  const [, value] = new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)\\r?$`, 'im').exec(message) ?? []
  if (value === undefined) throw new RangeError(`a message without ${name}`)
  return value
}

/** A REGISTER of who would like to get somebody else's calls, and knows no password. */
export function registerFor(user: string, registrar: SocketAddress, from: SocketAddress): string {
  const place = placeText(from.address, from.port)
  const domain = placeText(registrar.address, registrar.port)
  return [
    `REGISTER sip:${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP ${place};branch=z9hG4bK${from.port}register`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=stranger`,
    `To: <sip:${user}@${domain}>`,
    `Call-ID: stranger${from.port}`,
    'CSeq: 1 REGISTER',
    `Contact: <sip:${user}@${place}>`,
    'Expires: 3600',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

/** The same REGISTER, with the proof that it had; only the calls shall come to another place. */
export function replayOf(register: string, from: SocketAddress): string {
  const place = placeText(from.address, from.port)
  return register
    .replace(/^(Via: SIP\/2\.0\/UDP ).*$/m, `$1${place};branch=z9hG4bK${from.port}replay`)
    .replace(/^(Contact: <sip:[^@]*@)[^>]*>/m, `$1${place}>`)
}
