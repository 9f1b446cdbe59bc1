/** Each end closes first, as it sees it. */
import type { Cable } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { TcpSettings } from '../conditions.ts'
import { goesThrough, reaches } from '../steps.ts'

/** Frames let go at both ends must all be under way before the first has an effect: a busy machine takes a while. */
const CROSSING_MS = 300

export const bothClose: CaseOf<TcpSettings> = {
  id: 'both-close',
  promise: 'both ends close before either knows of the other: their FINs cross',
  needs: ['socket-table', 'cable'],

  async act(rig, pair) {
    const cable = rig.cable(pair)
    const { client, server } = await rig.connectTcp(pair, 'both-first')
    const bothReach = async (state: 'FIN-WAIT-1' | 'CLOSING' | 'TIME-WAIT') => {
      await rig.untilKernel(pair.a, 'both-first', state)
      await rig.untilKernel(pair.b, 'both-first', state)
    }

    await bothWays((direction) => cable.hold(direction, ['fin']))
    await client.end()
    await server.end()
    await bothReach('FIN-WAIT-1')

    await bothWays((direction) => cable.set(direction, { delayMs: CROSSING_MS }))
    await bothWays((direction) => cable.release(direction, ['ack', 'fin']))
    await bothReach('CLOSING')

    await bothWays((direction) => cable.release(direction))
    await bothReach('TIME-WAIT')
  },

  rows: {
    'both-first': (cell) => [
      reaches(cell, 'a', 'close', 'fin-wait-1'),
      reaches(cell, 'a', 'FINs cross', 'closing'),
      reaches(cell, 'b', 'FINs cross', 'server-closing'),
      reaches(cell, 'a', 'ACK after crossed FINs arrives', 'time-wait'),
      goesThrough(cell, 'a', 'ESTABLISHED, FIN-WAIT-1, CLOSING, TIME-WAIT', 'client-states'),
      goesThrough(cell, 'b', 'ESTABLISHED, FIN-WAIT-1, CLOSING, TIME-WAIT', 'server-states'),
    ],
  },
}

async function bothWays(tell: (direction: Parameters<Cable['hold']>[0]) => Promise<unknown>): Promise<void> {
  await tell('aToB')
  await tell('bToA')
}
