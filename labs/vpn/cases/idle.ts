/** Up, and nobody speaks. What is on the wire? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says, took } from '../../../src/lab/claims.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import { KEEPALIVE_TIMEOUT_MS } from '../../../src/protocols/wireguard/constants.ts'
import type { VpnSettings } from '../conditions.ts'
import { beliefs, KEEPALIVE_BYTES, openEnds, PAPER, pingAcross } from '../ends.ts'

const TALKERS = ['vpn', 'vpn-persistent'] as const

export const idle: CaseOf<VpnSettings> = {
  id: 'idle',
  promise:
    'one ping was answered, and then nobody says a word; one of the clients has a persistent keepalive',

  async act(rig, pair, { persistentMs, idleMs }) {
    for (const row of TALKERS) {
      const { client } = await openEnds(rig, pair, row, persistentMs)
      await pingAcross(rig, pair, client, row, 1)
    }
    rig.mark(pair, 'silent')
    await rig.sleep(idleMs + SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const silent = cell.between('silent', 'over')
      if (silent === null) return []
      const packets = cell.a.packets(silent)
      const heard = cell.a.last('vpn:packet_received')
      return [
        says(cell, 'passed', `${KEEPALIVE_BYTES} sent`, packets?.map(wordsOf).join(', ') ?? null, {
          claim:
            'one packet passes, with nothing in it: a has heard something, and had nothing to say for ten seconds',
          formula: 'KEEPALIVE_TIMEOUT after data came, once',
          because: `${Math.round(silent.to - silent.from)} ms without a word`,
          source: `${PAPER}, section 6.5`,
          evidence: packets ?? [],
          short: `${packets?.length ?? '?'} pkt`,
        }),
        took(
          cell,
          'passive',
          atLeast(KEEPALIVE_TIMEOUT_MS),
          heard,
          cell.a.first('vpn:keepalive_sent', silent),
          {
            claim: 'it comes ten seconds after the last that a heard, and b does not answer it',
            because: 'it is the answer, to data; or two that have nothing to say would say so for ever',
            source: `${PAPER}, section 6.5`,
          },
        ),
        believed(cell, silent.to),
      ]
    },

    'vpn-persistent'(cell) {
      const silent = cell.between('silent', 'over')
      if (silent === null) return []
      const { persistentMs } = cell.settings
      const [out, back] = [sent(cell.a.packets(silent)), received(cell.a.packets(silent))]
      const most = Math.floor((silent.to - silent.from) / persistentMs) + 1
      return [
        counts(cell, 'kept', { min: most - 2, max: most }, out, 'packets', {
          claim: 'the persistent keepalive speaks all the time, so that whatever is in between remembers',
          formula: `every ${persistentMs / 1000} s, for ${Math.round(silent.to - silent.from)} ms; one less for timers that are late`,
          because: 'it was asked for in the configuration: PersistentKeepalive',
          source: `${PAPER}, section 6.5; wg(8)`,
          short: `${out?.length ?? '?'} pkts`,
        }),
        counts(cell, 'unanswered', 0, back, 'packets', {
          claim: 'and not one of them is answered: it keeps a way open, and asks nobody whether he is there',
          formula: 'an empty packet is answered by nothing',
          because: `${out?.length ?? '?'} were sent`,
          source: `${PAPER}, section 6.5`,
          evidence: out ?? [],
        }),
        believed(cell, silent.to),
      ]
    },
  },
}

function atLeast(ms: number) {
  return { minMs: ms, maxMs: ms }
}

function believed(cell: Cell, time: number) {
  return says(cell, 'believed', 'up | up', beliefs(cell, time), {
    claim: 'both ends go on believing in the other',
    formula: 'a | b',
    because: 'neither has a limit of silence, as long as it has nothing to say itself',
    source: `${PAPER}, section 6`,
    evidence: [cell.a.last('belief:updated'), cell.b.last('belief:updated')],
  })
}

function wordsOf({ data }: { data: { bytes: number; direction: string } }): string {
  return `${data.bytes} ${data.direction}`
}
