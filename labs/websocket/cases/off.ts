/** The laptop loses its power. Its server can find out only by its own heartbeat, and not what happened. */
import type { Host } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import type { WebSocketEnd } from '../../../src/rig/sockets.ts'
import { openWs, untilAnswered } from '../clients.ts'
import { IDLE, WATCHED, type WebSocketSettings } from '../conditions.ts'
import { connectionOn, IDLE_TCP } from '../connection.ts'

export const off: CaseOf<WebSocketSettings> = {
  id: 'off',
  promise: 'the laptop loses power: no FIN, no RST, no answer',
  needs: ['network'],

  async act(rig, pair, settings) {
    const ws = await openWs(rig, pair, settings, { [IDLE]: {}, [WATCHED]: {} })
    if (ws === null) return
    const { server } = ws
    await untilAnswered(rig, pair, server[WATCHED])
    rig.alive(pair)
    await rig.strike('power-off', pair, pair.a)
    await giveUp(rig, pair.b, server[WATCHED])
    await rig.sleep(settings.deadMs / 2)
    await server[IDLE].read()
  },

  rows: {
    ws(cell) {
      const { strike } = cell
      if (strike === undefined) return []
      const { b } = connectionOn(cell, IDLE)
      const read = b.last('websocket:state_read', { from: strike.at })
      const socket = b.last('kernel:socket_updated', { to: read?.time ?? strike.at })
      const timer = socket?.data.new?.timer ?? 'gone'
      return [
        givenUp(cell, strike.began, 'has no power'),
        says(cell, 'idle-open', 'open, timer none', read ? `${read.data.readyState}, timer ${timer}` : '', {
          claim: 'the connection that the server only listens on says open, with nobody there',
          formula: 'no FIN, no RST, and nobody asks',
          because: `${Math.round((read?.time ?? strike.at) - strike.at)} ms after the power was gone; for ever, without a timer`,
          source: IDLE_TCP,
          evidence: [read, socket],
          short: read?.data.readyState.toUpperCase() ?? '-',
        }),
      ]
    },
  },
}

/** As a server that judges does: it believes its client to be down, and ends what it has of it. */
export async function giveUp(rig: Rig, b: Host, end: WebSocketEnd): Promise<void> {
  await rig.untilEvent(b, 'belief:updated', { groupId: end.groupId, where: { new: 'down' } })
  await end.end('terminate')
}

/** @param from when its client did what it does */
export function givenUp(cell: Cell<WebSocketSettings>, from: number | undefined, does: string) {
  const { downAfterMs } = cell.settings.heartbeat
  const { b } = connectionOn(cell, WATCHED)
  const down = b.became('down', { from: from ?? cell.watch.to })
  const limits = { min: downAfterMs, max: downAfterMs + SLACK_MS }
  return counts(cell, 'given-up', limits, down?.data.silentMs, 'ms', {
    claim: `the server gives up on a client that ${does} after its own limit of silence, and cannot know why it is silent`,
    formula: `${downAfterMs} ms + slack`,
    because: `${down?.data.trigger}, certainty ${down?.data.certainty}`,
    source: 'src/protocols/heartbeat/detector.ts',
    evidence: [down],
  })
}
