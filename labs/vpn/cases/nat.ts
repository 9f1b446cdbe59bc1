/** A router that translates is in between, and forgets what is idle. Whom does it cut off, and who keeps it awake? */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { received } from '../../../src/lab/packets.ts'
import { NAT_ROUNDING_MS, NAT_STREAM_SECONDS, type VpnSettings } from '../conditions.ts'
import { beliefs, INSIDE, openEnds, PAPER, pingAcross } from '../ends.ts'

const TALKERS = ['vpn', 'vpn-persistent'] as const
const TRACKING = 'net/netfilter/nf_conntrack_proto_udp.c, nf_conntrack-sysctl.rst'

export const nat: CaseOf<VpnSettings> = {
  id: 'nat',
  promise: 'between a and b is a router that forgets what is idle; then b speaks first, and after it a',
  needs: ['router'],
  router: ({ natSeconds }) =>
    natSeconds === null ? {} : { udpSeconds: natSeconds, udpStreamSeconds: natSeconds },

  async act(rig, pair, settings) {
    const ends = []
    for (const row of TALKERS) {
      const opened = await openEnds(rig, pair, row, settings.persistentMs)
      await pingAcross(rig, pair, opened.client, row, 1)
      ends.push({ row, ...opened })
    }
    rig.alive(pair)
    await rig.router(pair).mappings()
    rig.mark(pair, 'silent')
    await rig.sleep(memoryMs(settings) + NAT_ROUNDING_MS)
    await rig.router(pair).mappings()
    rig.mark(pair, 'b-speaks')
    for (const { server } of ends) await server.ping(INSIDE.a)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'a-speaks')
    for (const { client, row } of ends) await pingAcross(rig, pair, client, row, 2)
    rig.mark(pair, 'b-again')
    for (const { server } of ends) await server.ping(INSIDE.a)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const [astray, spoke, again] = [
        cell.between('b-speaks', 'a-speaks'),
        cell.moment('a-speaks'),
        cell.moment('b-again'),
      ]
      if (astray === null || spoke === undefined || again === undefined) return []
      const { a, b } = cell
      const look = lookAt(cell, astray.from)
      return [
        says(
          cell,
          'forgotten',
          'nothing',
          look && (mappingOf(cell, look) === undefined ? 'nothing' : 'a mapping'),
          {
            claim: 'nobody has said a word, and the router has forgotten that there is anybody',
            formula: 'idle for longer than nf_conntrack_udp_timeout_stream',
            because: `idle for ${Math.round(memoryMs(cell.settings) + NAT_ROUNDING_MS)} ms, remembered for ${memoryMs(cell.settings)} ms`,
            source: TRACKING,
            evidence: [look ?? undefined],
          },
        ),
        says(cell, 'believed', 'up | up', beliefs(cell, astray.from), {
          claim: 'both ends believe in a way that is not there',
          formula: 'a | b',
          because: 'nobody tells them',
          source: `${PAPER}, section 6`,
          evidence: [a.last('belief:updated'), b.last('belief:updated')],
        }),
        nothing(cell, 'astray', b.all('vpn:ping_answered', astray), astray, {
          claim: 'what b says does not arrive: to the router it is from a stranger',
          because: 'a is behind it, and nobody remembers who asked',
          source: 'RFC 4787 section 5',
          short: 'CUT OFF',
        }),
        took(cell, 'reopened', AT_ONCE, spoke, a.first('vpn:ping_answered', { from: spoke }), {
          claim: 'a speaks, the router remembers anew, and all is as it was',
          because: 'it is a that can open the way, whenever it has something to say',
          source: 'RFC 4787 section 4.3',
        }),
        took(cell, 'found', AT_ONCE, again, b.first('vpn:ping_answered', { from: again }), {
          claim: 'now b finds a again, at whatever port the router has given it',
          because: `b noted another place: ${b.all('vpn:roamed', { from: spoke }).length > 0 ? 'yes' : 'no'}`,
          source: `${PAPER}, section 2.1`,
        }),
        counts(cell, 'same-session', 1, a.all('vpn:session_made'), 'sessions', {
          claim: 'in the keys from before',
          formula: 'one session',
          because: 'a router in between is no part of it',
          source: `${PAPER}, section 2.1`,
        }),
      ]
    },

    'vpn-persistent'(cell) {
      const [quiet, asked] = [cell.between('silent', 'b-speaks'), cell.moment('b-speaks')]
      if (quiet === null || asked === undefined) return []
      const { a, b, settings } = cell
      const look = lookAt(cell, asked)
      const left = look && mappingOf(cell, look)?.forgetsInMs
      const memory = memoryMs(settings)
      const range = { min: memory - settings.persistentMs - NAT_ROUNDING_MS / 2 - SLACK_MS, max: memory }
      return [
        counts(cell, 'refreshed', range, left, 'ms', {
          claim: 'each keepalive makes the router begin its time anew',
          formula: 'its memory - PersistentKeepalive - a second of rounding - slack .. its memory',
          because: 'a packet passes before the time is over: that is one job of a keepalive',
          source: `${TRACKING}; ${PAPER}, section 6.5`,
          evidence: [look ?? undefined],
          short: 'KEPT',
        }),
        counts(cell, 'unanswered', 0, received(a.packets(quiet)), 'packets', {
          claim: 'not one of them is answered, so they tell a nothing: to notice a death is the other job',
          formula: 'an empty packet is answered by nothing',
          because: `${a.all('vpn:keepalive_sent', quiet).length} were sent`,
          source: `${PAPER}, section 6.5`,
          evidence: a.all('vpn:keepalive_sent', quiet),
        }),
        took(cell, 'found', AT_ONCE, asked, b.first('vpn:ping_answered', { from: asked }), {
          claim: 'what b says arrives',
          because: 'the router still knows who asked',
          source: 'RFC 4787 section 4.3',
          short: 'FOUND',
        }),
      ]
    },
  },
}

function memoryMs({ natSeconds }: VpnSettings): number {
  return (natSeconds ?? NAT_STREAM_SECONDS) * 1000
}

/** The last look at the router before a moment; null: there was none. */
function lookAt(cell: Cell, time: number): EventOf<'router:mappings_read'> | null {
  return (
    cell.log
      .all('router:mappings_read', { from: cell.watch.from, to: time })
      .findLast(({ data }) => data.router === `${cell.case}-router`) ?? null
  )
}

function mappingOf(cell: Cell, look: EventOf<'router:mappings_read'>) {
  const port = cell.a.first('vpn:opened')?.data.local.split(':').at(-1)
  return look.data.mappings.find(({ source }) => source.endsWith(`:${port}`))
}
