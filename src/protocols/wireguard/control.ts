/**
 * What the stock `wg show` and `wg set` say to a WireGuard that is a program: lines `key=value`, an empty line at the
 * end of each request and answer (wireguard.com/xplatform, "Cross-platform userspace interface").
 *
 *     get=1                        set=1
 *                                  listen_port=51820
 *                                  public_key=<hex>               from here on about this peer
 *                                  endpoint=192.0.2.1:51820
 *     private_key=<hex>
 *     listen_port=51820            errno=0
 *     public_key=<hex> ...
 *     errno=0
 *
 * Keys are here in full: whoever may open the socket may know them. An answer to a mistake never repeats a value.
 */
import { isIPv4, isIPv6, placeText } from '../ip-address.ts'
import { type Range, readRange, writeRange } from './allowed-ips.ts'
import { KEY_BYTES } from './constants.ts'
import type { Endpoint } from './endpoint.ts'

/** errno.h: what `wg` prints as "Invalid argument", "Address already in use". */
export const EINVAL = 22
export const EADDRINUSE = 98

/** 256 peers with four ranges each are a quarter of it. */
export const CONTROL_REQUEST_BYTES_MAX = 1_048_576

export interface PeerChange {
  public: Buffer
  isRemoved: boolean
  /** Only where it is there already: otherwise nothing is done. */
  isUpdateOnly: boolean
  preshared?: Buffer
  endpoint?: Endpoint
  /** Infinity: none. */
  persistentKeepaliveMs?: number
  replacesAllowedIps: boolean
  allowedIps: { range: Range; isRemoved: boolean }[]
}

export interface DeviceChange {
  private?: Buffer
  /** 0: any free one. */
  listenPort?: number
  replacesPeers: boolean
  peers: PeerChange[]
}

export interface PeerStatus {
  public: Buffer
  preshared: Buffer
  endpoint: Endpoint | null
  /** By the time of day; null: never. */
  latestHandshakeMs: number | null
  sentBytes: number
  receivedBytes: number
  persistentKeepaliveMs: number
  allowedIps: readonly Range[]
}

export interface DeviceStatus {
  private: Buffer
  listenPort: number
  peers: readonly PeerStatus[]
}

/** What is asked for; `null` is a mistake, to be answered with EINVAL. */
export type ControlRequest = { ask: 'get' } | { ask: 'set'; change: DeviceChange } | null

/** @param text one request without the empty line at its end */
export function readControl(text: string): ControlRequest {
  const [first, ...lines] = text.split('\n')
  if (first === 'get=1') return lines.length === 0 ? { ask: 'get' } : null
  if (first !== 'set=1') return null
  const change: DeviceChange = { replacesPeers: false, peers: [] }
  try {
    for (const line of lines) readLine(change, line)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
  return { ask: 'set', change }
}

function readLine(change: DeviceChange, line: string): void {
  const [, key = '', value = ''] = /^([a-z_]+)=(.*)$/.exec(line) ?? []
  if (key === 'public_key') {
    const peer = {
      public: keyOf(value),
      isRemoved: false,
      isUpdateOnly: false,
      replacesAllowedIps: false,
      allowedIps: [],
    }
    change.peers.push(peer)
    return
  }
  const peer = change.peers.at(-1)
  if (peer === undefined) readDeviceLine(change, key, value)
  else readPeerLine(peer, key, value)
}

function readDeviceLine(change: DeviceChange, key: string, value: string): void {
  switch (key) {
    case 'private_key':
      change.private = keyOf(value)
      // No key at all: an end without one could neither speak nor understand.
      if (change.private.every((byte) => byte === 0)) throw new RangeError('no key')
      return
    case 'listen_port':
      change.listenPort = numberOf(value)
      return
    case 'fwmark':
      // Marks for a firewall are not put on datagrams here; none is what there is.
      if (Number(value) !== 0) throw new RangeError('no marks')
      return
    case 'replace_peers':
      change.replacesPeers = trueOf(value)
      return
    default:
      throw new RangeError('no such key')
  }
}

function readPeerLine(peer: PeerChange, key: string, value: string): void {
  switch (key) {
    case 'remove':
      peer.isRemoved = trueOf(value)
      return
    case 'update_only':
      peer.isUpdateOnly = trueOf(value)
      return
    case 'preshared_key':
      peer.preshared = keyOf(value)
      return
    case 'endpoint':
      peer.endpoint = endpointOf(value)
      return
    case 'persistent_keepalive_interval': {
      const seconds = numberOf(value)
      peer.persistentKeepaliveMs = seconds === 0 ? Infinity : seconds * 1000
      return
    }
    case 'replace_allowed_ips':
      peer.replacesAllowedIps = trueOf(value)
      return
    case 'allowed_ip':
      // "-" before it: `wg set ... allowed-ips -10.0.0.0/8` takes one away.
      peer.allowedIps.push({ range: readRange(value.replace(/^-/, '')), isRemoved: value.startsWith('-') })
      return
    case 'protocol_version':
      if (value !== '1') throw new RangeError('no such version')
      return
    default:
      throw new RangeError('no such key')
  }
}

function keyOf(text: string): Buffer {
  if (!/^[0-9a-fA-F]*$/.test(text) || text.length !== 2 * KEY_BYTES) throw new RangeError('no key')
  return Buffer.from(text, 'hex')
}

function numberOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new RangeError('no number up to 65535')
  return Number(text)
}

function trueOf(text: string): true {
  if (text !== 'true') throw new RangeError('no "true"')
  return true
}

function endpointOf(text: string): Endpoint {
  const [, inBrackets, bare, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const address = inBrackets ?? bare ?? ''
  const isAddress = inBrackets === undefined ? isIPv4(address) : isIPv6(address)
  if (!isAddress || numberOf(port) === 0) {
    throw new RangeError('no endpoint')
  }
  return { address, port: numberOf(port) }
}

/** The whole answer to a `get`. */
export function writeStatus({ private: own, listenPort, peers }: DeviceStatus): string {
  const lines = [`private_key=${own.toString('hex')}`, `listen_port=${listenPort}`]
  for (const peer of peers) lines.push(...linesOf(peer))
  return `${lines.join('\n')}\n${writeErrno(0)}`
}

function linesOf(peer: PeerStatus): string[] {
  const { endpoint, latestHandshakeMs, persistentKeepaliveMs } = peer
  const handshakeMs = latestHandshakeMs ?? 0
  return [
    `public_key=${peer.public.toString('hex')}`,
    `preshared_key=${peer.preshared.toString('hex')}`,
    'protocol_version=1',
    ...(endpoint === null ? [] : [`endpoint=${placeText(endpoint.address, endpoint.port)}`]),
    `last_handshake_time_sec=${Math.floor(handshakeMs / 1000)}`,
    `last_handshake_time_nsec=${Math.floor((handshakeMs % 1000) * 1e6)}`,
    `tx_bytes=${peer.sentBytes}`,
    `rx_bytes=${peer.receivedBytes}`,
    `persistent_keepalive_interval=${persistentKeepaliveMs === Infinity ? 0 : persistentKeepaliveMs / 1000}`,
    ...peer.allowedIps.map((range) => `allowed_ip=${writeRange(range)}`),
  ]
}

/** The end of every answer. @param errno 0: done */
export function writeErrno(errno: number): string {
  // As other implementations have it: below zero, which `wg` turns round.
  return `errno=${errno === 0 ? 0 : -errno}\n\n`
}
