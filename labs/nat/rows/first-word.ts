/** Idle until the router has forgotten. Then one end writes. */
import type { HostSide } from '../../../src/events/host-names.ts'
import { retransmissionGiveUp } from '../../../src/kernel/give-up.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { AT_ONCE, took } from '../../../src/lab/claims.ts'
import { OUTCOME } from '../connections.ts'
import { type Fate, fateOf, SIGNS } from '../expectations.ts'
import { onTheWires, relearned, seenFrom, shortOf } from '../first-segment.ts'
import { CONNTRACK, otherEnd, rememberedAndForgotten } from '../router-table.ts'
import type { ForgottenRow } from './row.ts'

export function firstWord(speaker: 'client' | 'server'): ForgottenRow {
  const id = `${speaker}-first`
  const [side, other] = speaker === 'client' ? (['a', 'b'] as const) : (['b', 'a'] as const)
  return {
    id,

    async afterwards(rig, pair, ends) {
      await ends[speaker].observe()
      rig.mark(pair, `${id} speaks`)
      await ends[speaker].write('still here')
      const arrives = rig.untilEvent(pair[other], 'tcp:received', {
        mechanism: id,
        occurrence: 2,
        ...OUTCOME,
      })
      const fails = rig.untilEvent(pair[side], 'tcp:error_received', { mechanism: id, ...OUTCOME })
      await rig.came(Promise.any([arrives, fails]))
      await rig.router(pair).mappings()
    },

    claims(cell, router) {
      const speaks = cell.moment(`${id} speaks`)
      if (speaks === undefined) return []
      const fate = fateOf(speaker, router)
      return [
        ...rememberedAndForgotten(cell, router, speaks),
        spoke(cell, fate, side, other, speaks),
        ...onTheWires(cell, fate, side, speaks),
        ...(fate === 'arrives' ? relearned(cell, speaks) : []),
        ...(speaker === 'client' && router.isLoose ? [seenFrom(cell, router, speaks)] : []),
        otherEnd(cell, other),
      ]
    },
  }
}

/** What the end that speaks learns, and when. */
function spoke(cell: Cell, fate: Fate, side: HostSide, other: HostSide, speaks: number) {
  const after = { from: speaks }
  const arrived = cell.at(other).first('tcp:received', after)
  const error = cell.at(side).first('tcp:error_received', after)
  const words = {
    claim: `the ${side === 'a' ? 'client' : 'server'} speaks: ${SIGNS[fate].words}`,
    because: error === undefined ? `${arrived === undefined ? 'nothing' : 'it'} arrived` : error.data.code,
    source: `${CONNTRACK}; RFC 9293 3.10.7.1`,
    short: shortOf(error) ?? (arrived === undefined ? '-' : 'KEEPS'),
  }
  if (fate === 'arrives') {
    return took(cell, 'spoke', AT_ONCE, speaks, error === undefined ? arrived : undefined, words)
  }
  if (fate !== 'silence') return took(cell, 'spoke', AT_ONCE, speaks, error, { ...words, code: 'ECONNRESET' })
  const busy = cell.at(side).busy(speaks)
  return took(cell, 'spoke', busy === null ? AT_ONCE : retransmissionGiveUp(busy), speaks, busy && error, {
    ...words,
    code: 'ETIMEDOUT',
    formula: `RTO ${busy?.retransmissionTimeoutMs} ms, tcp_retries2 = ${busy?.retries2}, + slack`,
    source: `${CONNTRACK}; tcp_write_timeout()`,
  })
}
