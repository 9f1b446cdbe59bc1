/** The answers stand still, and go on before either end minds. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { LateSettings } from '../conditions.ts'
import { conversing } from '../conversation.ts'
import { noticesNothing } from '../flag.ts'
import { attempts, heldAck, staysEstablished } from '../kernels.ts'
import { holdBack } from '../stall.ts'

/**
 * How much of an interval after a PING the stall begins: right before the next. The answer to that one is then held
 * back, however short the stall.
 */
const PHASE = 0.9

export const inTime: CaseOf<LateSettings> = {
  id: 'in-time',
  promise: 'the answers stand still on their way, too briefly for either end to mind',
  middle: 'cable',

  act: (rig, pair, settings) =>
    holdBack(rig, pair, settings, { stall: 'in-time', policies: ['forgive'], phase: PHASE }),

  rows: {
    forgive: conversing((talk) => {
      const { cell, client, server } = talk
      const { heartbeat, stallMs } = cell.settings
      return [
        noticesNothing(talk, 'flag', client, {
          claim: 'the application notices nothing of an answer that is late and still in time',
          formula: `stall ${stallMs['in-time']} ms + interval ${heartbeat.intervalMs} ms < limit ${heartbeat.suspectAfterMs} ms`,
          short: 'UP',
        }),
        heldAck(talk),
        staysEstablished(talk),
        attempts(talk, 0, 'no SYN: it is the same connection, before and after'),
        noticesNothing(talk, 'other-end', server, {
          claim: 'the other end notices nothing of the delay',
          formula: 'nothing until the end of the case',
        }),
      ]
    }),
  },
}
