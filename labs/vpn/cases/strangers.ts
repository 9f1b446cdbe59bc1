/** Something is wrong with a key. What does the other end say? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import { RETRY_AFTER, type Row, type VpnSettings } from '../conditions.ts'
import { INITIATION_BYTES, INSIDE, openEnds, PAPER } from '../ends.ts'

const WRONG: readonly Row[] = ['wrong-key', 'unknown-peer', 'wrong-preshared']

export const strangers: CaseOf<VpnSettings> = {
  id: 'strangers',
  promise: 'a pings b, and one key is another than it should be',

  async act(rig, pair, { persistentMs, strangerMs }) {
    const clients = []
    for (const row of WRONG) clients.push((await openEnds(rig, pair, row, persistentMs)).client)
    rig.mark(pair, 'ping')
    for (const client of clients) await client.ping(INSIDE.b)
    await rig.sleep(strangerMs)
    rig.mark(pair, 'over')
  },

  rows: {
    'wrong-key': (cell) => [
      ...silence(cell),
      refused(cell, 'mac1', 'b', 'what a sent was made for another key: b looks no further'),
    ],
    'unknown-peer': (cell) => [
      ...silence(cell),
      refused(cell, 'unknown-peer', 'b', 'b could read who it is, and has no peer of that key'),
    ],
    'wrong-preshared'(cell) {
      const within = cell.between('ping', 'over')
      if (within === null) return []
      return [
        counts(cell, 'answered', asked(cell).length, sent(cell.b.packets(within)), 'packets', {
          claim: 'b answers each initiation: a has proved its key, and the preshared one comes last',
          formula: 'a response for each',
          because: 'the preshared key goes into the second message',
          source: `${PAPER}, section 5.4.3`,
          short: 'NO KEYS',
        }),
        refused(
          cell,
          'not-authentic',
          'a',
          'the answer does not open: whoever made it lacks the preshared key',
        ),
        nothing(cell, 'no-session', cell.a.all('vpn:session_made'), within, {
          claim: 'a never has keys to say something in',
          because: 'and b, which has, will hear nothing in them',
          source: `${PAPER}, section 5.4.5`,
        }),
        again(cell),
      ]
    },
  },
}

function silence(cell: Cell<VpnSettings>): Claims {
  const within = cell.between('ping', 'over')
  if (within === null) return []
  const heard = cell.b.packets(within)
  return [
    counts(cell, 'silent', 0, sent(heard), 'packets', {
      claim: 'b says nothing: whoever does not know the right key learns not even that somebody is there',
      formula: 'no answer to what does not authenticate',
      because: `datagrams that came to its card: ${heard?.length ?? '?'}`,
      source: `${PAPER}, section 5.1`,
      evidence: heard ?? [],
      short: 'SILENCE',
    }),
    says(cell, 'sizes', String(INITIATION_BYTES), sizesOf(cell), {
      claim: 'all that a sends are initiations; the ping waits',
      formula: 'without keys nothing is sent in the clear',
      because: 'there is no way to be connected without',
      source: `${PAPER}, section 5.4.2`,
      evidence: sent(cell.a.packets(within)) ?? [],
    }),
    again(cell),
  ]
}

/** It proves nothing: the same silence as from a machine that is off. */
function again(cell: Cell<VpnSettings>) {
  const [first, second] = asked(cell)
  return took(cell, 'again', RETRY_AFTER, first, second, {
    claim: 'a asks again after five seconds, with new keys of its own, and cannot know why nobody answers',
    formula: 'REKEY_TIMEOUT, and up to 333 ms by chance, + slack',
    because: 'silence is all that it has',
    source: `${PAPER}, section 6.4`,
  })
}

function refused(cell: Cell, because: string, by: 'a' | 'b', why: string) {
  const first = cell[by].first('vpn:refused')
  return says(cell, 'refused', because, first?.data.because ?? '', {
    claim: `${by} alone says what is wrong, in its own log`,
    formula: because,
    because: why,
    source: 'src/protocols/wireguard/device.ts',
    evidence: [first],
  })
}

function asked(cell: Cell) {
  return cell.a.all('vpn:handshake_sent').filter(({ data }) => data.message === 'initiation')
}

function sizesOf(cell: Cell): string | null {
  const within = cell.between('ping', 'over')
  const packets = within && sent(cell.a.packets(within))
  return packets && [...new Set(packets.map(({ data }) => data.bytes))].join(', ')
}
