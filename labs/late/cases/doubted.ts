/** The answers stand still until the application doubts, and come before it says "down". */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { LateSettings } from '../conditions.ts'
import { conversing } from '../conversation.ts'
import { doubts, forgiven } from '../flag.ts'
import { attempts, heldAck, staysEstablished, tcpDoubts } from '../kernels.ts'
import { holdBack } from '../stall.ts'

export const doubted: CaseOf<LateSettings> = {
  id: 'doubted',
  promise: 'they stand still until the application doubts, and come before it says down',
  middle: 'cable',

  act: (rig, pair, settings) => holdBack(rig, pair, settings, { stall: 'doubted', policies: ['forgive'] }),

  rows: {
    forgive: conversing((talk) => [
      ...tcpDoubts(talk),
      doubts(talk, talk.client, 'suspect'),
      staysEstablished(talk),
      heldAck(talk),
      forgiven(talk),
      attempts(talk, 0, 'no SYN: it is the same connection, before and after'),
    ]),
  },
}
