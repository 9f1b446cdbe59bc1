/** A proxy: two TCP connections, and what either says of the other. */
import type { Pair } from '../../src/hosts/host.ts'
import { keepaliveGiveUp, retransmissionGiveUp, type Span } from '../../src/kernel/give-up.ts'
import { type Claims, nothing, says } from '../../src/lab/claims.ts'
import { sent } from '../../src/lab/packets.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { TcpSocket } from '../../src/rig/sockets.ts'
import type { NatCell, NatSettings } from './conditions.ts'
import { timeoutFrom } from './expectations.ts'

/** A client that was answered through a proxy on its own host, by a server on the other host. */
export async function throughProxy(rig: Rig, pair: Pair, { keepalive }: NatSettings) {
  const { a, b } = pair
  const server = await rig.sockets(b).tcp.listen('back', { does: 'echo' })
  const proxy = await rig.sockets(a).relay('front', 'tcp', server.at, { onward: 'back' })
  const client = await rig.sockets(a).tcp.connect('front', proxy.at, { keepalive: keepalive.below })
  await client.connected()
  await client.write('hello')
  await rig.untilEvent(a, 'tcp:received', { mechanism: 'front' })
  await client.observe()
  rig.alive(pair)
  return { client, proxy }
}

/** Longer than keepalive would take if nobody answered it. Then the client wants something. */
export async function askLater(
  rig: Rig,
  pair: Pair,
  { keepalive }: NatSettings,
  client: TcpSocket,
): Promise<void> {
  const { idleMs, intervalMs, probes } = keepalive.below
  await rig.sleep(idleMs + (probes + 1) * intervalMs)
  await client.observe()
  rig.mark(pair, 'asks')
  await client.write('anybody there?')
}

/**
 * The connection that the client has, to the proxy and to nobody else, while it waits.
 * @param back the state of the other connection, and how it came to that
 */
export function whileItWaits(cell: NatCell, back: { state: string; because: string }): Claims {
  const { strike, log } = cell
  const asks = cell.moment('asks')
  if (strike === undefined || asks === undefined) return []
  const { a } = cell
  const watch = { from: strike.at, to: asks }
  const watchedMs = Math.round(watch.to - watch.from)
  const keepalive = a.keepalive(asks)
  const limitMs = keepalive === null ? Number.NaN : keepaliveGiveUp(keepalive).maxMs
  const doubts = a.all('belief:updated', watch)
  const info = a.last('kernel:tcp_info_read', { to: asks })
  const truth = log.truthAt(a.host, asks)
  return [
    nothing(cell, 'unnoticed', doubts, watch, {
      claim: 'the keepalive of the client stays content while the server is gone',
      formula: `nothing, for longer than keepalive would take (at most ${limitMs / 1000} s)`,
      because: `what was true: its server is ${truth}`,
      source: 'RFC 9293 3.8.4: keepalive asks the other kernel, which is that of the proxy',
      short: noticedShort(doubts[0]?.data.trigger),
    }),
    // A system that does not tell has no such check.
    ...(info !== undefined && watchedMs >= limitMs
      ? [
          says(
            cell,
            'answered',
            'ESTABLISHED, 0 unanswered',
            `${info.data.state}, ${info.data.unansweredProbes} unanswered`,
            {
              claim: 'its probes are answered, by the kernel of the proxy',
              formula: `after ${watchedMs} ms, where ${limitMs} ms without an answer end it`,
              because: 'a proxy ends every connection itself and opens another',
              source: 'tcp(7), TCP_INFO',
              evidence: [info],
            },
          ),
        ]
      : []),
    ...(areKernelsRead(cell)
      ? [
          says(cell, 'two-truths', `front ESTABLISHED, back ${back.state}`, statesOf(cell, asks), {
            claim: 'one host, two connections, two truths; and the client has only one of them',
            formula: back.because,
            because: `the client believes ${a.belief(asks)}; its server is ${truth}`,
            source: 'RFC 9293 3.3.2',
            evidence: [cell.beside('back').a.last('kernel:socket_updated', { to: asks })],
          }),
        ]
      : []),
  ]
}

function noticedShort(trigger: string | undefined): string {
  if (trigger === undefined) return 'GHOST'
  return trigger === 'etimedout' ? 'TIMEOUT' : 'TOLD'
}

/** Some systems have no table of sockets that could be sampled. */
export function areKernelsRead(cell: NatCell): boolean {
  return cell.log.first('kernel:sampling_started') !== undefined
}

/** `front ESTABLISHED, back CLOSE-WAIT`: both connections as the kernel of their host has them. */
function statesOf(cell: NatCell, time: number): string {
  const [front, back] = [cell.beside('front').a, cell.beside('back').a]
  // Both ends of this one are on the same host: the client's is meant.
  const client = front.first('tcp:connected')?.data.local
  const own = front.all('kernel:socket_updated', { to: time }).findLast(({ data }) => data.local === client)
  return `front ${own?.data.new?.state ?? 'no entry'}, back ${back.state(time)}`
}

/** When retransmissions end on the connection of the proxy, from what was captured of them; null: too little was. */
export function backEnds(cell: NatCell, asks: number): { span: Span; formula: string } | null {
  const a = cell.beside('back').a
  const data = sent(a.packets({ from: asks }))?.filter(({ data: { bytes } }) => bytes > 0) ?? []
  const again = data.slice(1).map(({ time }) => time - (data[0]?.time ?? 0))
  const patience = a.patience()
  const timeout = timeoutFrom(again, patience.jiffyMs)
  if (timeout === null || Number.isNaN(patience.retries2 + patience.jiffyMs)) return null
  const endAfter = (retransmissionTimeoutMs: number) =>
    retransmissionGiveUp({ ...patience, retransmissionTimeoutMs, roundTripMs: 0, userTimeoutMs: 0 })
  return {
    span: { minMs: endAfter(timeout.minMs).minMs, maxMs: endAfter(timeout.maxMs).maxMs },
    formula: `RTO ${timeout.minMs} .. ${timeout.maxMs} ms, tcp_retries2 = ${patience.retries2}, + slack`,
  }
}

/** What the proxy said when it gave up its connections. */
export function proxyClosed(cell: NatCell, from: number) {
  const closed = cell.beside('front').a.first('relay:closed', { from })
  return { closed, because: closed?.data.because ?? 'it has not given up' }
}
