/** New keys every two minutes, while somebody speaks. Is anything lost? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, says, took } from '../../../src/lab/claims.ts'
import { clockWords, scaled, type VpnSettings } from '../conditions.ts'
import { INSIDE, openEnds, PAPER, pingAcross } from '../ends.ts'

/** The last answer has as long to come. */
const LAST_MS = 200

export const rekey: CaseOf<VpnSettings> = {
  id: 'rekey',
  promise: 'a pings b for as long as keys are replaced twice',

  async act(rig, pair, { persistentMs, clockRate, rekeyMs, pingEveryMs }) {
    const { client } = await openEnds(rig, pair, 'vpn', persistentMs, { clockRate })
    await pingAcross(rig, pair, client, 'vpn', 1)
    rig.mark(pair, 'speaks')
    const endMs = performance.now() + rekeyMs
    while (performance.now() < endMs) {
      await client.ping(INSIDE.b)
      await rig.sleep(pingEveryMs)
    }
    await rig.sleep(LAST_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const spoke = cell.between('speaks', 'over')
      if (spoke === null) return []
      const { a, b, settings } = cell
      const { rekeyMs } = scaled(settings)
      const first = a.last('vpn:session_made', { to: spoke.from })
      const [second, third] = a.all('vpn:session_made', spoke)
      const asked = a.all('vpn:ping_sent')
      const gaps = asked.map(({ time }, index) => time - (asked[index - 1]?.time ?? time))
      const due = { minMs: rekeyMs, maxMs: rekeyMs + Math.max(settings.pingEveryMs, ...gaps) }
      const words = {
        formula: 'REKEY_AFTER_TIME by its clock .. and the longest pause between two pings, + slack',
        because: clockWords(settings),
        source: `${PAPER}, section 6.2`,
      }
      return [
        took(cell, 'second', due, first, second, {
          claim: 'the first ping that goes out when the keys are two minutes old asks for new ones',
          ...words,
        }),
        took(cell, 'third', due, second, third, { claim: 'and two minutes later again', ...words }),
        counts(cell, 'answered', asked.length, a.all('vpn:ping_answered'), 'pings', {
          claim: 'not one ping is lost over it',
          formula: 'as many as were sent',
          because: `sessions: ${a.all('vpn:session_made').length}; the old keys are good until the new ones are`,
          source: `${PAPER}, section 6.3`,
          short: 'ALL',
        }),
        says(cell, 'who', 'initiator', rolesOf(a.all('vpn:session_made')), {
          claim: 'it is always the same end that asks: the one that asked first',
          formula: 'the initiator of a session begins the next',
          because: 'or both would at once',
          source: `${PAPER}, section 6.2`,
          evidence: [third],
        }),
        says(cell, 'believed', 'up | up', `${a.belief(spoke.to)} | ${b.belief(spoke.to)}`, {
          claim: 'neither end has doubted for a moment',
          formula: 'a | b',
          because: `changes of belief at a: ${a.all('belief:updated').length}`,
          source: `${PAPER}, section 6`,
          evidence: [a.last('belief:updated'), b.last('belief:updated')],
        }),
      ]
    },
  },
}

function rolesOf(made: readonly { data: { role: string } }[]): string {
  return [...new Set(made.map(({ data }) => data.role))].join(', ')
}
