/**
 * What a host's kernel has counted and learned below its programs, as the commands that anybody can type print it:
 * its network card, what its IP layer took of that, and whom it knows on the wire.
 */
import * as v from 'valibot'

/** Twice `-s`, or it leaves out the frames that were not for this host. */
export const cardCommand = (card: string) => ['ip', '-j', '-s', '-s', 'link', 'show', 'dev', card]
export const countersCommand = ['cat', '/proc/net/snmp', '/proc/softirqs', '/proc/net/softnet_stat'] as const
export const neighboursCommand = ['ip', '-j', 'neigh', 'show', 'dev', 'eth0'] as const

const counted = v.object({ bytes: v.number(), packets: v.number() })
const link = v.object({
  address: v.string(),
  mtu: v.number(),
  stats64: v.object({ rx: v.object({ ...counted.entries, otherhost: v.optional(v.number()) }), tx: counted }),
})
const neighbour = v.object({ dst: v.string(), lladdr: v.optional(v.string()), state: v.array(v.string()) })

export interface Card {
  mac: string
  mtuBytes: number
  receivedFrames: number
  receivedBytes: number
  sentFrames: number
  sentBytes: number
  /** Received, and thrown away for the address of another host. Not told where it is 0, nor by kernels before 6.0. */
  forOthers?: number
}

/** @param printed by {@link cardCommand} @throws Error when it is something else */
export function parseCard(printed: string): Card {
  const [{ address, mtu, stats64 }] = v.parse(v.tuple([link]), JSON.parse(printed))
  const { rx, tx } = stats64
  return {
    mac: address,
    mtuBytes: mtu,
    receivedFrames: rx.packets,
    receivedBytes: rx.bytes,
    sentFrames: tx.packets,
    sentBytes: tx.bytes,
    ...(rx.otherhost === undefined ? {} : { forOthers: rx.otherhost }),
  }
}

/** Of `/proc/net/snmp`: a line of names and a line of values for each protocol. 0 where the kernel lacks it. */
export function snmpCounter(snmp: string, protocol: string, name: string): number {
  const [names = '', values = ''] = snmp.split('\n').filter((line) => line.startsWith(`${protocol}: `))
  return Number(values.split(' ')[names.split(' ').indexOf(name)] ?? 0)
}

/** Of `/proc/net/snmp6`: a line for each. 0 where the kernel lacks it. */
export function snmp6Counter(snmp6: string, name: string): number {
  const line = snmp6.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}\t`))
  return Number(line?.trim().split(/\s+/)[1] ?? 0)
}

/**
 * How often the kernel interrupted what it was doing to receive: a line of `/proc/softirqs`, which has a number for
 * each processor. Of the whole machine, whichever host it was for.
 */
export function receiveSoftirqs(softirqs: string): number {
  const [, counts = ''] = /^\s*NET_RX:(.*)$/m.exec(softirqs) ?? []
  return (counts.match(/\d+/g) ?? []).reduce((sum, count) => sum + Number(count), 0)
}

/** The numbers of a line of `softnet_stat` have 32 bits, and begin again at 0. */
const COUNTERS_END = 2 ** 32

/**
 * How many frames this machine's processors have taken from their queues of what was received, whichever host it was
 * for: `/proc/net/softnet_stat`, a line for each processor, in hexadecimal, of which it is the first number. Counts
 * round: only differences mean anything ({@link processedBetween}).
 */
export function framesProcessed(softnet: string): number {
  const lines = softnet.match(/^[\da-f]{8}(?= [\da-f]{8}( |$))/gm) ?? []
  return lines.reduce((sum, first) => sum + Number.parseInt(first, 16), 0) % COUNTERS_END
}

export function processedBetween(before: number, after: number): number {
  return (after - before + COUNTERS_END) % COUNTERS_END
}

export interface Neighbour {
  address: string
  /** null: it is being asked for, or did not answer. */
  mac: string | null
  /** `REACHABLE`, `STALE`, ...: ip-neighbour(8). */
  state: string
}

/** @param printed by {@link neighboursCommand} @throws Error when it is something else */
export function parseNeighbours(printed: string): Neighbour[] {
  return v
    .parse(v.array(neighbour), JSON.parse(printed))
    .map(({ dst, lladdr, state }) => ({ address: dst, mac: lladdr ?? null, state: state.join(' ') }))
}
