/** The cable is pulled out at its far end. The light goes out here, and the routes? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { says } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { sent } from '../../../src/lab/packets.ts'
import type { PathsSettings } from '../conditions.ts'
import { askRoutes, flowOf, PORTS, portBy, set } from '../kernels.ts'
import { arrivedOf, type PathsCell, settingOf, toldOf, waysOf, wayTold } from '../ways.ts'

const IGNORE = 'conf/eth0/ignore_routes_with_linkdown'
const EVERY_MS = 5

export const farEnd: CaseOf<PathsSettings> = {
  id: 'far-end',
  promise: 'a sends by p, and the cable between them is pulled out at the end of p, later put back',
  needs: ['network'],
  middle: 'two-paths',

  async act(rig, pair, { datagrams }) {
    const { a, b } = pair
    await set(rig, a, { fib_multipath_hash_policy: '1', [IGNORE]: '0' })
    const receiver = await rig.sockets(b).udp.open('udp', { port: PORTS.udp })
    const port = await portBy(rig, pair, 'p', { protocol: 'udp', to: PORTS.udp })
    const sender = await rig.sockets(a).udp.open('udp', { port, to: receiver.at })
    const sends = async (mark: string) => {
      rig.mark(pair, mark)
      await askRoutes(rig, a, [flowOf(pair, 'udp', port, PORTS.udp)])
      await sender.send({ count: datagrams, intervalMs: EVERY_MS })
      await rig.sleep(SLACK_MS)
    }
    const signal = async (mark: string, isThere: boolean) => {
      rig.mark(pair, mark)
      await rig.network?.signal(a, 'eth0', isThere)
      // The kernel hears of it a moment later.
      await rig.sleep(SLACK_MS)
    }
    await sends('lit')
    await signal('out', false)
    await sends('dark')
    await signal('mended', true)
    // Before the light goes out: the ways are weighed anew only when something happens to a card.
    await set(rig, a, { [IGNORE]: '1' })
    await signal('out-again', false)
    await sends('heeded')
    await signal('mended-again', true)
    await sends('lit-again')
    rig.mark(pair, 'over')
  },

  rows: {
    udp(cell) {
      const lit = cell.between('lit', 'out')
      const dark = cell.between('dark', 'mended')
      const heeded = cell.between('heeded', 'mended-again')
      const again = cell.between('lit-again', 'over')
      if (!lit || !dark || !heeded || !again) return []
      const all = cell.settings.datagrams
      return [
        says(cell, 'lit', `p, ${all} of ${all}`, fate(cell, lit), {
          claim: 'while the light is on, the flow goes by p',
          formula: 'a port was chosen whose flow does',
          because: told(cell, lit),
          source: 'ip-route(8): get',
          evidence: [toldAt(cell, lit)],
        }),
        says(cell, 'dark', `none, 0 of ${all}`, fate(cell, dark), {
          claim: 'the light is out, and a goes on choosing p: what it sends is lost at its own card',
          formula: `${IGNORE} = ${settingOf(cell.a, IGNORE, dark.from)}, the default`,
          because: `${told(cell, dark)}; the program was told that all was sent`,
          source: 'ip-sysctl: ignore_routes_with_linkdown; RFC 768',
          evidence: [toldAt(cell, dark), ...cell.a.all('udp:datagram_sent', dark)],
          short: 'LOST',
        }),
        says(cell, 'believes', 'p', wayTold(toldAt(cell, dark)), {
          claim: 'its routes have not heard of the light: asked, the kernel still says p',
          formula: '`ip route get`, with the light out',
          because: 'an address was taken from nobody, and a card that is turned on counts as usable',
          source: 'ip-route(8): get, linkdown',
          evidence: [toldAt(cell, dark)],
        }),
        says(cell, 'heeded', `q, ${all} of ${all}`, fate(cell, heeded), {
          claim: 'told to heed the light, it sends by q',
          formula: `${IGNORE} = ${settingOf(cell.a, IGNORE, heeded.from)}`,
          because: told(cell, heeded),
          source: 'ip-sysctl: ignore_routes_with_linkdown',
          evidence: [toldAt(cell, heeded)],
        }),
        says(cell, 'back', `p, ${all} of ${all}`, fate(cell, again), {
          claim: 'when the light is on again, the flow comes back to p by itself',
          formula: 'the same hash, and the same ways to choose from as before',
          because: told(cell, again),
          source: 'RFC 2992; net/ipv4/fib_semantics.c: fib_sync_up',
          evidence: [toldAt(cell, again)],
        }),
      ]
    },
  },
}

/** `p, 3 of 3`: by which way what the program sent in that time left, and how much of it came to b. */
function fate(cell: PathsCell, within: Period): string | null {
  const left = sent(cell.a.packets(within))
  const arrived = arrivedOf(cell, left)
  const asked = cell.a.all('udp:datagram_sent', within).length
  return arrived && `${waysOf(left)}, ${arrived.length} of ${asked}`
}

function toldAt({ a }: PathsCell, within: Period) {
  return toldOf(a, { protocol: 'udp' }, within)
}

function told(cell: PathsCell, within: Period): string {
  return `\`ip route get\` said ${wayTold(toldAt(cell, within))}`
}
