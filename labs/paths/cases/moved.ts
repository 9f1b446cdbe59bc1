/** A way is taken away in the middle of a conversation, and comes back. Who has to be told, and who notices? */
import type { Host, Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { bytesOf, ofKind, sent } from '../../../src/lab/packets.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { TcpSocket } from '../../../src/rig/sockets.ts'
import type { PathsSettings } from '../conditions.ts'
import { askRoutes, backOf, flowOf, gatewayOf, PORTS, portBy, SOON, set } from '../kernels.ts'
import { toldOf, wayOf, waysOf, wayTold } from '../ways.ts'

const WORDS = 5
const EVERY_MS = 100

export const moved: CaseOf<PathsSettings> = {
  id: 'moved',
  promise: 'a and b talk by p; their cards towards p are turned off, later on again',
  needs: ['network', 'socket-table'],
  middle: 'two-paths',

  async act(rig, pair, { heartbeat }) {
    const { a, b } = pair
    for (const host of [a, b]) await set(rig, host, { fib_multipath_hash_policy: '1' })
    await useNexthopObjects(rig, pair, b)
    const port = (to: number) => portBy(rig, pair, 'p', { protocol: 'tcp', to, bothWays: true })
    const [talkPort, beatPort] = [await port(PORTS.tcp), await port(PORTS.heartbeat)]
    const { client } = await rig.connectTcp(pair, 'tcp', {
      ofServer: { port: PORTS.tcp, does: 'echo' },
      ofClient: { localPort: talkPort },
    })
    await rig.connectTcp(pair, 'heartbeat', {
      ofServer: { port: PORTS.heartbeat, heartbeat },
      ofClient: { localPort: beatPort, heartbeat },
    })
    const there = flowOf(pair, 'tcp', client.port, PORTS.tcp)
    const ask = async () => {
      await askRoutes(rig, a, [there])
      await askRoutes(rig, b, [backOf(there)])
    }
    const cards = (state: 'up' | 'down') =>
      Promise.all([a, b].map((host) => rig.run(host, ['ip', 'link', 'set', 'dev', 'eth0', state])))

    rig.mark(pair, 'by-p')
    await ask()
    await talk(rig, a, client, 1)
    rig.mark(pair, 'turning-off')
    await cards('down')
    rig.mark(pair, 'off')
    await ask()
    await talk(rig, a, client, 2)
    rig.mark(pair, 'turning-on')
    await cards('up')
    // So long a card needs at most until its kernel counts on it.
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'on')
    await ask()
    await talk(rig, a, client, 3)
    rig.mark(pair, 'over')
  },

  rows: {
    tcp(cell) {
      const { a, b } = cell
      const before = cell.between('by-p', 'turning-off')
      const off = cell.between('off', 'turning-on')
      const after = cell.between('on', 'over')
      if (before === null || off === null || after === null) return []
      const told = (within: typeof off) => [a, b].map((end) => toldOf(end, { protocol: 'tcp' }, within))
      const ways = (within: typeof off) => {
        const [there, back] = [waysOf(sent(a.packets(within))), waysOf(sent(b.packets(within)))]
        return there && back && `${there} there, ${back} back`
      }
      const talking = a.first('tcp:connected')
      const syn = ofKind(sent(a.packets(off)), 'syn')
      const written = bytesOf(a.all('tcp:written'))
      const read = a.all('tcp:received')
      const expected = (within: typeof off) => told(within).map(wayTold)
      return [
        says(cell, 'before', 'p there, p back', ways(before), {
          claim: 'the connection goes by p, both ways',
          formula: 'a port was chosen whose flow does, as `ip route get` says at a and at b',
          because: `told: ${expected(before).join(', ')}`,
          source: 'ip-route(8): get',
          evidence: [talking, ...told(before)],
        }),
        says(cell, 'moved', 'q there, q back', ways(off), {
          claim: 'its cards towards p are off: it goes on by q',
          formula: 'the only way that is left',
          because: `told: ${expected(off).join(', ')}; the routes of a and of b lost one of two ways`,
          source: 'RFC 791 section 2.3; RFC 1812 section 5.2.4',
          evidence: told(off),
          short: 'LIVES',
        }),
        nothing(cell, 'no-syn', syn, off, {
          claim: 'and q is told nothing of it: no handshake passes there',
          formula: 'no SYN while it goes by q',
          because: 'a router needs to know where b is, and nothing of who talks to it',
          source: 'RFC 791 section 1.4: internet datagrams are independent',
        }),
        says(cell, 'states', 'ESTABLISHED | ESTABLISHED', cell.states(after.to), {
          claim: 'it is the same connection at both ends, from the first to the last',
          formula: 'client | server',
          because: `${new Set(a.packets()?.map(({ group_id }) => group_id)).size} connection seen; its addresses are those of hosts, not of ways`,
          source: 'RFC 9293 section 3.4: a connection is two sockets',
          evidence: [a.last('kernel:socket_updated'), b.last('kernel:socket_updated')],
        }),
        counts(cell, 'whole', written, bytesOf(read), 'bytes', {
          claim: 'every word came back to a',
          formula: 'as many bytes as a had written',
          because: `${ofKind(sent(a.packets()), 'retransmission')?.length ?? '?'} segments were sent again`,
          source: 'RFC 9293 section 3.8.1',
          evidence: read.slice(-1),
        }),
        says(cell, 'back', 'p there, q back', ways(after), {
          claim: 'the cards are on again: a goes back to p, and b stays with q',
          formula: 'a has a classic route with two ways, b nexthop objects',
          because: `told: ${expected(after).join(', ')}. Such an object is deleted with its card, and nobody makes it anew`,
          source: 'ip-nexthop(8); net/ipv4/nexthop.c: nexthop_flush_dev; fib_semantics.c: fib_sync_up',
          evidence: told(after),
        }),
      ]
    },

    heartbeat(cell) {
      const during = cell.between('by-p', 'over')
      if (during === null) return []
      const { heartbeat } = cell.settings
      const left = sent(cell.a.packets(during))
      const doubts = [cell.a, cell.b].flatMap((end) =>
        end.all('belief:updated', during).filter(({ data }) => data.new !== 'up'),
      )
      return [
        says(cell, 'ways', 'p, q, p', left && inTurn(left.map(wayOf)), {
          claim: 'the heartbeats of a go by p, by q, and by p again',
          formula: 'as the cards are on, off, on',
          because: `${left?.length ?? 0} segments`,
          source: 'RFC 791 section 2.3',
          evidence: left?.slice(0, 1) ?? [],
        }),
        nothing(cell, 'doubts', left && left.length > 0 ? doubts : null, during, {
          claim: 'neither end ever doubts the other',
          formula: `no silence of ${heartbeat.suspectAfterMs} ms at either`,
          because: 'a heartbeat says that the peer is there, not by which way',
          source: 'src/protocols/heartbeat/README.md',
        }),
      ]
    },
  },
}

/** The way of b to a, by both routers, as objects that a route refers to. */
async function useNexthopObjects(rig: Rig, pair: Pair, b: Host): Promise<void> {
  for (const [id, way, card] of [
    ['1', 'p', 'eth0'],
    ['2', 'q', 'eth1'],
  ] as const) {
    await rig.run(b, ['ip', 'nexthop', 'add', 'id', id, 'via', gatewayOf(pair, b, way), 'dev', card])
  }
  await rig.run(b, ['ip', 'nexthop', 'add', 'id', '3', 'group', '1/2'])
  await rig.run(b, ['ip', 'route', 'replace', pair.a.address, 'src', b.address, 'nhid', '3'])
}

/** Some words, each echoed. @param round counts from 1 */
async function talk(rig: Rig, a: Host, client: TcpSocket, round: number): Promise<void> {
  for (let word = 0; word < WORDS; word++) {
    await client.write('still here\n')
    await rig.sleep(EVERY_MS)
  }
  await rig.came(rig.untilKernel(a, client.groupId, { sendQueueBytes: 0 }, SOON))
  await rig.came(rig.untilEvent(a, 'tcp:received', { mechanism: 'tcp', occurrence: WORDS * round, ...SOON }))
}

/** `p, q, p`: each once while it stays the same. */
function inTurn(ways: readonly string[]): string {
  return ways.filter((way, index) => way !== ways[index - 1]).join(', ')
}
