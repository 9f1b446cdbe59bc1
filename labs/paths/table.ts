/** The table of connections (conntrack) of a router, and the rules by which it goes. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { routerOf } from './kernels.ts'

/** Three flows to three ports of b: one is sent the other way, one is dropped at p, and of one no rule says anything. */
export const RULED = { byQ: 7101, dropped: 7102, plain: 7103 } as const
/** Long enough for two tries of a segment that is lost. */
export const IN_VAIN_MS = 700

/** An idle connection, in seconds. */
export const FORGETS_AFTER = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established'

/** From now on p keeps a table of connections (conntrack), and goes by it. @param forgetsAfterSeconds 0: as its kernel does */
export async function remember(rig: Rig, pair: Pair, forgetsAfterSeconds: number): Promise<void> {
  const p = routerOf(pair, 'p')
  const through = [
    'type filter hook forward priority filter; policy drop;',
    `udp dport ${RULED.dropped} drop;`,
    'ct state established accept;',
    'iifname "eth0" ct state new accept;',
    'counter name refused;',
  ].join(' ')
  await rig.run(p, ['nft', `table ip box { counter refused { }; chain through { ${through} }; }`])
  // A segment from the middle of a connection that is not known begins none.
  const settings = {
    tcp_loose: '0',
    ...(forgetsAfterSeconds > 0 ? { tcp_timeout_established: forgetsAfterSeconds } : {}),
  }
  const echo = Object.entries(settings).map(
    ([name, value]) => `echo ${value} >/proc/sys/net/netfilter/nf_conntrack_${name}`,
  )
  const read = await rig.run(p, ['sh', '-c', [...echo, `cat ${FORGETS_AFTER}`].join(' && ')])
  rig.emitterOf(p, 'kernel')('kernel:sysctls_read', { values: { [FORGETS_AFTER]: read.trim() } })
}

/** How many packets p has refused: in its own words. */
export async function readRefused(rig: Rig, pair: Pair): Promise<void> {
  const p = routerOf(pair, 'p')
  const printed = await rig.run(p, ['nft', 'list', 'counter', 'ip', 'box', 'refused'])
  const refused = Number(/packets (\d+)/.exec(printed)?.[1] ?? 0)
  rig.emitterOf(p, 'kernel')('kernel:counters_read', { values: { refused } })
}
