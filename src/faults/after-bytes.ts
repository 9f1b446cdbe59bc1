import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import { cableOf } from './on-cable.ts'
import { ARP_WITHIN_MS, FaultError, verify } from './proof.ts'

/** The cable is asked so often whether it is cut: the truth is told so late at most. */
const LOOK_EVERY_MS = 10

/**
 * @param bytes of TCP payload, from now on
 * @param withinMs who has not sent so many by then is not struck
 */
export function afterBytes(bytes = 100, withinMs = 10_000): Fault {
  return {
    id: 'after-bytes',
    promise: `the cable is cut when the struck host has sent ${bytes} more bytes by TCP, in the middle of an answer; nobody is told`,
    needs: ['cable'],
    async strike(target) {
      const { pair, struck, other, truth, answers } = target
      const cable = cableOf(target)
      const out = struck === pair.a ? 'aToB' : 'bToA'
      await cable.limit(out, bytes)
      const untilMs = performance.now() + withinMs
      while (!(await cable.isAtLimit(out))) {
        if (performance.now() > untilMs) {
          await cable.limit(out, null)
          throw new FaultError(`${struck.name} has not sent ${bytes} bytes in ${withinMs / 1000} s`)
        }
        await delay(LOOK_EVERY_MS)
      }
      const sinceMs = performance.now()
      truth(other, 'unreachable')
      truth(struck, 'unreachable')
      verify(!(await answers(other)), `${struck.name} still answers although the cable is cut`)
      return {
        sinceMs,
        verifiedBy: `${bytes} bytes have passed, and a probe is no longer answered`,
        async undo() {
          truth(other, 'answering')
          truth(struck, 'answering')
          await cable.limit(out, null)
          verify(
            await answers(other, ARP_WITHIN_MS),
            `${struck.name} does not answer although the cable is whole`,
          )
          return { verifiedBy: 'a probe is answered again' }
        },
      }
    },
  }
}
