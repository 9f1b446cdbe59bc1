/** A configuration as wg-quick(8) reads it: `[Interface]`, and a `[Peer]` for each. */
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { nearest } from '../../foreign/nearest.ts'
import { UsageError } from '../../foreign/usage.ts'
import { type Range, readRange } from '../../protocols/wireguard/allowed-ips.ts'
import { KEY_BYTES, MTU, PEERS_MAX } from '../../protocols/wireguard/constants.ts'
import type { PeerSettings } from '../../protocols/wireguard/peer.ts'
import { type KeyPair, keyPair } from '../../protocols/wireguard/primitives.ts'

export interface WireguardConf {
  own: KeyPair
  /** Its addresses inside, without the length of their networks. */
  addresses: string[]
  /** 0: any free one. */
  listenPort: number
  mtu: number
  peers: (PeerSettings & { allowedIps: Range[] })[]
  /** What wg-quick would do, and this program does not. */
  ignored: string[]
}

const INTERFACE_KEYS = ['PrivateKey', 'Address', 'ListenPort', 'MTU']
/** They are about the system around the tunnel: names, routes, commands. */
const IGNORED_KEYS = ['DNS', 'Table', 'PreUp', 'PostUp', 'PreDown', 'PostDown', 'SaveConfig', 'FwMark']
const PEER_KEYS = ['PublicKey', 'PresharedKey', 'AllowedIPs', 'Endpoint', 'PersistentKeepalive']

const MTU_MIN = 576
const MTU_MAX = 65_475
const CONF_BYTES_MAX = 1_048_576

type Section = { title: 'Interface' | 'Peer'; line: number; values: Map<string, string> }

/** @throws UsageError that names the line */
export function readConf(text: string): WireguardConf {
  const sections = sectionsOf(text)
  const [own, ...more] = sections.filter(({ title }) => title === 'Interface')
  if (own === undefined || more.length > 0) throw new UsageError('there must be one [Interface]')
  const peers = sections.filter(({ title }) => title === 'Peer')
  if (peers.length === 0 || peers.length > PEERS_MAX) {
    throw new UsageError(`there must be one [Peer] to ${PEERS_MAX}, are ${peers.length}`)
  }
  return {
    own: keyPair(keyOf(own, 'PrivateKey')),
    addresses: listOf(own, 'Address').map((address) => address.split('/')[0] ?? ''),
    listenPort: numberOf(own, 'ListenPort', 0, 65_535) ?? 0,
    mtu: numberOf(own, 'MTU', MTU_MIN, MTU_MAX) ?? MTU,
    peers: peers.map(peerOf),
    ignored: [...own.values.keys()].filter((key) => IGNORED_KEYS.includes(key)),
  }
}

/** @throws UsageError for a file that is not there, or that is wrong */
export function readConfFile(path: string): WireguardConf & { isReadByOthers: boolean } {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new UsageError(`there is no file "${path}"`)
  if (stats.size > CONF_BYTES_MAX) throw new UsageError(`"${path}" is too large for a configuration`)
  return { ...readConf(readFileSync(path, 'utf8')), isReadByOthers: (stats.mode & 0o077) !== 0 }
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = []
  for (const [place, whole] of text.split(/\r?\n/).entries()) {
    const line = place + 1
    const content = whole.replace(/#.*/, '').trim()
    if (content === '') continue
    const title = /^\[(interface|peer)\]$/i.exec(content)?.[1]?.toLowerCase()
    if (title !== undefined) {
      sections.push({ title: title === 'peer' ? 'Peer' : 'Interface', line, values: new Map() })
      continue
    }
    const [, word, value] = /^([A-Za-z]+)\s*=\s*(.+)$/.exec(content) ?? []
    const section = sections.at(-1)
    if (word === undefined || value === undefined || section === undefined) {
      throw new UsageError(`line ${line}: expected [Interface], [Peer] or KEY = VALUE below one`)
    }
    const keys = section.title === 'Peer' ? PEER_KEYS : [...INTERFACE_KEYS, ...IGNORED_KEYS]
    const key = keys.find((each) => each.toLowerCase() === word.toLowerCase())
    if (key === undefined) throw new UsageError(`line ${line}: ${nearest(word, keys)}`)
    const before = section.values.get(key)
    section.values.set(key, before === undefined ? value : `${before},${value}`)
  }
  return sections
}

function peerOf(section: Section): PeerSettings & { allowedIps: Range[] } {
  const keepaliveSeconds = numberOf(section, 'PersistentKeepalive', 0, 65_535) ?? 0
  const endpoint = section.values.get('Endpoint')
  return {
    public: keyOf(section, 'PublicKey'),
    preshared: section.values.has('PresharedKey') ? keyOf(section, 'PresharedKey') : Buffer.alloc(KEY_BYTES),
    endpoint: endpoint === undefined ? null : endpointOf(section, endpoint),
    persistentKeepaliveMs: keepaliveSeconds === 0 ? Infinity : keepaliveSeconds * 1000,
    allowedIps: listOf(section, 'AllowedIPs').map((range) => {
      try {
        return readRange(range)
      } catch (error) {
        throw new UsageError(`[Peer] of line ${section.line}: ${(error as Error).message}`)
      }
    }),
  }
}

/** The key itself is never part of an error: who reads that may be somebody else. */
function keyOf(section: Section, key: string): Buffer {
  const bytes = Buffer.from(section.values.get(key) ?? '', 'base64')
  if (bytes.length === KEY_BYTES) return bytes
  throw new UsageError(`[${section.title}] of line ${section.line}: ${key} must be 32 bytes in base64`)
}

function listOf(section: Section, key: string): string[] {
  const text = section.values.get(key) ?? ''
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function numberOf(section: Section, key: string, min: number, max: number): number | null {
  const text = section.values.get(key)
  if (text === undefined || text.toLowerCase() === 'off') return null
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`[${section.title}] of line ${section.line}: ${key} must be from ${min} to ${max}`)
}

function endpointOf(section: Section, text: string): PeerSettings['endpoint'] {
  const [, address = '', port = ''] = /^\[?([^\]]*)\]?:(\d{1,5})$/.exec(text) ?? []
  if (isIP(address) !== 0 && Number(port) > 0 && Number(port) <= 65_535)
    return { address, port: Number(port) }
  throw new UsageError(
    `[Peer] of line ${section.line}: Endpoint must be like 192.0.2.1:51820 or [2001:db8::1]:51820, a number`,
  )
}
