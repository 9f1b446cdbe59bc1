/** Bob is behind a router, and wants to be called. For how long can he be? */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { addressOfBob, askedOf, openPhone, openRegistrar, until } from '../phones.ts'
import { ofMessage } from '../wire.ts'

const ROWS = ['udp', 'kept-alive'] as const
/** What comes at all comes at once, or with one of the first retransmissions. */
const RINGS_WITHIN_MS = 3000

export const nat: CaseOf<SipSettings> = {
  id: 'nat',
  promise: 'bob has registered from behind a router, and nobody says a word; then somebody outside calls him',
  needs: ['router'],
  third: true,
  router: ({ memory }) => ({ ...memory }),

  async act(rig, pair, { idleMs, keepAliveMs }) {
    const { a } = pair
    const open = []
    for (const row of askedOf(rig, pair, ROWS)) {
      const registrar = await openRegistrar(rig, pair, row)
      const kept = row === 'kept-alive' ? { keepAliveMs } : {}
      const bob = await openPhone(rig, pair, 'a', row, 'bob', { registrar, ...kept })
      const alice = await openPhone(rig, pair, 'b', row, 'alice')
      await bob.register()
      await until(rig, a, 'sip:registered', row)
      await rig.router(pair).mappings()
      open.push({ row, registrar, alice })
    }
    rig.mark(pair, 'registered')
    await rig.sleep(idleMs)
    await rig.router(pair).mappings()
    rig.mark(pair, 'calls')
    for (const { alice, registrar } of open) await alice.call(addressOfBob(registrar))
    await rig.sleep(RINGS_WITHIN_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    udp(cell) {
      const calling = cell.between('calls', 'over')
      const { before, after } = looks(cell)
      if (calling === null || before === undefined || after === undefined) return []
      const { a, c } = cell
      const registered = a.last('sip:registered')
      const forwarded = sent(ofMessage(c.packets(calling), 'INVITE'))
      const rung = received(ofMessage(a.packets(calling), 'INVITE'))
      return [
        says(cell, 'remembered', 'known, then unknown', then(wayOf(cell, before), wayOf(cell, after)), {
          claim: 'the router knew the way to bob when he registered, and has forgotten it',
          formula: 'unused for longer than nf_conntrack_udp_timeout',
          because: 'for UDP it has nothing but time to tell whether somebody is still there',
          source: 'RFC 4787 section 4.3; /proc/net/nf_conntrack',
          evidence: [before, after],
        }),
        counts(cell, 'forwarded', { min: 1, max: Number.MAX_SAFE_INTEGER }, forwarded, 'messages', {
          claim: 'the registrar knows where bob is, and passes the call on',
          formula: 'at least 1',
          because: 'he is registered for an hour',
          source: 'RFC 3261 section 16.5',
        }),
        nothing(cell, 'unreached', rung, calling, {
          claim: 'and his telephone does not ring',
          formula: 'no INVITE at his card',
          because: 'to the router it is a word from outside to nobody in particular',
          source: 'RFC 4787 section 5',
          evidence: forwarded ?? [],
          short: 'LOST',
        }),
        nothing(cell, 'believes', a.all('sip:registration_lost', { to: calling.to }), calling, {
          claim: 'bob goes on believing that he can be called',
          because: 'nobody has told him anything',
          source: 'RFC 3261 section 10.2',
          evidence: [registered],
        }),
      ]
    },

    'kept-alive'(cell) {
      const idle = cell.between('registered', 'calls')
      const calling = cell.between('calls', 'over')
      const { after } = looks(cell)
      if (idle === null || calling === null || after === undefined) return []
      const { a } = cell
      const everyMs = cell.settings.keepAliveMs
      const answered = a.all('sip:keepalive_answered', idle)
      const count = Math.floor((idle.to - idle.from) / everyMs)
      const seen = [...new Set(answered.map(({ data }) => data.seen))]
      const rings = received(ofMessage(a.packets(calling), 'INVITE'))
      return [
        counts(cell, 'kept', { min: count - 1, max: count + 1 }, answered, 'times', {
          claim: 'bob asks again and again where he is seen, and is answered each time',
          formula: `every ${everyMs / 1000} s, for ${Math.round(idle.to - idle.from)} ms; one more or less at either end`,
          because: `a STUN question of 28 bytes, to the port to which he registered: he is seen at ${seen.join(', ')}`,
          source: 'RFC 5626 section 4.4.2; RFC 8489',
        }),
        counts(cell, 'registered', { min: 0, max: 0 }, a.all('sip:registered', idle), 'times', {
          claim: 'and need not register again for that',
          formula: 'none: he has registered for an hour',
          because:
            'the registrar remembers him for as long as he asked, the router for as long as packets pass',
          source: 'RFC 3261 section 10.2.4',
          evidence: [a.last('sip:registered')],
        }),
        says(cell, 'remembered', 'known', wayOf(cell, after), {
          claim: 'the router has not forgotten him',
          formula: 'it is in the table',
          because: 'each packet from inside starts its time anew',
          source: 'RFC 4787 section 4.3; /proc/net/nf_conntrack',
          evidence: [after],
        }),
        took(cell, 'rings', AT_ONCE, calling.from, rings?.[0], {
          claim: 'so a call finds him',
          because: 'the registrar sends it to where his packets come from',
          source: 'RFC 3581 section 4; RFC 5626 section 5.3',
          short: 'RINGS',
        }),
      ]
    },
  },
}

type Look = EventOf<'router:mappings_read'>

/** What the router's table had, after the first had registered, and after the silence. */
function looks(cell: Cell): { before: Look | undefined; after: Look | undefined } {
  const { from, to } = cell.watch
  const all = cell.log.all('router:mappings_read', { from, to })
  const own = all.filter(({ data }) => data.router === `${cell.case}-router`)
  return { before: own[0], after: own.at(-1) }
}

/** Whether a look shows the way from the telephone to the registrar. */
function wayOf(cell: Cell, { data }: Look): string | null {
  const registers = sent(ofMessage(cell.a.packets(), 'REGISTER'))
  if (registers === null) return null
  return data.mappings.some(({ source }) => source === registers[0]?.data.source) ? 'known' : 'unknown'
}

function then(before: string | null, after: string | null): string | null {
  return before === null || after === null ? null : `${before}, then ${after}`
}
