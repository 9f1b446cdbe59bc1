/**
 * If the ACK of a heartbeat comes later, will it respond with intent to establish the connection again?
 *
 * Both ends of a connection tell each other every 500 ms that they are still here; after 1 s of silence they
 * doubt, after 2 s they say "down" (`conditions.ts`). Then the way back stands still, for longer and longer:
 *
 *        a: the client                                        b: the server
 *   forgive    keeps the connection      ==== cable ====>   hears everything, in time
 *   close      closes at "down"          <=== stalls ====   answers at once, is heard later
 *   reconnect  closes and connects anew
 *
 * Each policy is a connection of its own on the same cable, so the same stall strikes all three. In `frozen` it is
 * not the cable but the program of b that is late; its kernel is not. Where hosts have no cable, a relay before b
 * holds the answers back; what that cannot show is skipped (`src/programs/relay/relay.ts`).
 *
 * How long should one wait? In `jitter`, `lossy` and `crash` b sends a heartbeat every 100 ms over UDP, one way,
 * and five detectors at a, each with a limit of its own, hear the same arrivals.
 *
 * Predict before you run: the answer comes 0.6 s after "down". Which packet does it meet, and who sends a SYN?
 */
import { type CaseOf, madeOf, runCases } from '../../src/lab/cases.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { WARNING } from '../../src/programs/relay/relay.ts'
import { crash } from './cases/crash.ts'
import { doubted } from './cases/doubted.ts'
import { frozen } from './cases/frozen.ts'
import { inTime } from './cases/in-time.ts'
import { late as lateCase } from './cases/late.ts'
import { jitter, lossy } from './cases/mistakes.ts'
import { conditionsOf, type LateSettings } from './conditions.ts'
import { figuresOf } from './figure.ts'
import { questionsOf } from './questions.ts'
import { board, LESSONS, table } from './tables.ts'

const cases: readonly CaseOf<LateSettings>[] = [inTime, doubted, lateCase, frozen, jitter, lossy, crash]

export const late: Lab<LateSettings> = {
  id: 'late',
  question: 'A heartbeat is answered too late: will the connection be established again?',
  ...madeOf(cases, LESSONS),
  showFirst: ['late/close', 'late/reconnect', 'frozen/forgive', 'late/forgive'],
  prepare: conditionsOf,
  async experiment(rig, plan) {
    if (!rig.offers('cable')) rig.say(`a relay holds answers back instead of a cable. ${WARNING}`)
    await runCases(rig, plan, cases)
  },
  questions: questionsOf,
  table,
  board,
  figures: figuresOf,
}
