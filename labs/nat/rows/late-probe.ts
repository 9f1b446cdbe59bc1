/** Keepalive less often than the router forgets: the first probe goes out when it has already forgotten. */
import { keepaliveGiveUpSinceHeard, type Span } from '../../../src/kernel/give-up.ts'
import type { Keepalive } from '../../../src/kernel/socket-options.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { nothing, took } from '../../../src/lab/claims.ts'
import { type Captured, received, sent } from '../../../src/lab/packets.ts'
import { isOf, OUTCOME, SILENCE_MS } from '../connections.ts'
import { type Fate, fateOf, SIGNS } from '../expectations.ts'
import { onTheWires, relearned, shortOf } from '../first-segment.ts'
import { CONNTRACK, otherEnd, rememberedAndForgotten, seconds } from '../router-table.ts'
import type { ForgottenRow } from './row.ts'

const LOOK_EVERY_MS = 500
const ID = 'keepalive-above'

export const lateProbe: ForgottenRow = {
  id: ID,
  keepalive: 'above',

  /** Until the probes have ended the connection, or the router has learned it anew. */
  async afterwards(rig, pair, { client }) {
    let isOver = false
    const ended = rig.untilEvent(pair.a, 'tcp:error_received', { mechanism: ID, ...OUTCOME })
    const relearned = async () => {
      while (!isOver) {
        const mappings = await rig.router(pair).mappings()
        if (mappings.some((mapping) => isOf(mapping, client.port))) return rig.sleep(SILENCE_MS)
        await rig.sleep(LOOK_EVERY_MS)
      }
    }
    await rig.came(Promise.race([ended, relearned()]))
    isOver = true
    await rig.router(pair).mappings()
  },

  claims(cell, router) {
    const packets = cell.a.packets()
    const keepalive = cell.a.keepalive()
    const probe = sent(packets)?.find(({ data }) => data.kind === 'keepalive-probe')
    if (keepalive === null) return []
    const fate = fateOf('client', router)
    if (probe === undefined) return [notProbed(cell, fate, packets)]
    const heard = received(packets)?.findLast(({ time }) => time < probe.time)
    return [
      ...rememberedAndForgotten(cell, router, probe.time),
      fate === 'arrives'
        ? nobodyNotices(cell, probe)
        : notices(cell, fate, keepalive, heard?.time ?? cell.watch.from, probe),
      ...onTheWires(cell, fate, 'a', probe.time),
      ...(fate === 'arrives' ? relearned(cell, probe.time) : []),
      otherEnd(cell, 'b'),
    ]
  },
}

function nobodyNotices(cell: Cell, probe: Captured) {
  const time = { from: probe.time, to: cell.watch.to }
  const errors = cell.a.all('tcp:error_received', time)
  const doubts = cell.a.all('belief:updated', time)
  return nothing(cell, 'noticed', [...errors, ...doubts], time, {
    claim: 'nobody notices: the router learns it anew from the late probe',
    formula: 'nothing, until the end of the case',
    because: 'the first probe was answered',
    source: CONNTRACK,
    evidence: [probe, ...errors, ...doubts],
    short: errors.length + doubts.length === 0 ? 'LUCKY' : (shortOf(errors[0]) ?? 'DOWN'),
  })
}

function notices(cell: Cell, fate: Fate, keepalive: Keepalive, heard: number, probe: Captured) {
  const { idleMs, intervalMs, probes } = keepalive
  const code = SIGNS[fate].error ?? ''
  const giveUp = keepaliveGiveUpSinceHeard(keepalive, 0, cell.jiffyMs)
  const [first] = giveUp.retransmissions
  const span: Span = fate === 'silence' ? giveUp : (first ?? giveUp)
  const interval = fate === 'silence' ? ` + ${probes} x interval ${seconds(intervalMs)}` : ''
  const error = cell.a.first('tcp:error_received', { from: probe.time })
  return took(cell, 'noticed', span, heard, error, {
    code,
    claim: `keepalive notices, by ${code}; too late to refresh anything`,
    formula: `idle ${seconds(idleMs)}${interval} + slack`,
    because: `the first probe went out ${seconds(probe.time - heard)} after anything was heard`,
    source: 'tcp_keepalive_timer(), RFC 9293 3.8.4',
    evidence: [probe, error],
    short: shortOf(error) ?? '-',
  })
}

/** No probe was seen to go out: nobody watched, or there was none. */
function notProbed(cell: Cell, fate: Fate, packets: readonly Captured[] | null) {
  const notice = SIGNS[fate].error === null ? 'nobody notices' : 'keepalive notices'
  return took(cell, 'noticed', { minMs: 0, maxMs: 0 }, cell.watch.from, packets && undefined, {
    claim: `${notice} that the router had forgotten before the first probe`,
    because: 'no probe went out',
    source: 'tcp_keepalive_timer(), RFC 9293 3.8.4',
  })
}
