/**
 * A pair of hosts for somebody's test, as a lab in play: what is done to them is for the test to say, and nothing is
 * judged, since the test does that. What is left behind is what any run leaves.
 */
import { answerQuestions, tellParent } from '../hosts/questions.ts'
import type { Lab } from '../lab/lab.ts'
import type { Plan } from '../plan/plan.ts'
import type { Rig } from '../rig/rig.ts'
import type { KitRequests, Opened } from './messages.ts'
import { KIT, type KitSettings } from './settings.ts'
import { TestBed } from './test-bed.ts'

/** What its connections are called in the log. */
const ROW = 'connection'
/** No test takes so long: whoever opened the lab has forgotten it. */
const OPEN_LIMIT_MS = 600_000

/** @param sysctls of its hosts */
export function kitLab(
  question: string,
  settings: KitSettings,
  sysctls: Record<string, string>,
): Lab<KitSettings> {
  return {
    id: KIT,
    question,
    cases: [{ id: KIT, promise: 'what the test does to the hosts' }],
    mechanisms: [ROW],
    showFirst: [],
    lessons: {},
    prepare: () => ({ settings, sysctls, watchMs: OPEN_LIMIT_MS }),
    experiment: play,
    play,
    questions: () => [],
    judge: () => [],
  }
}

/** Answers the questions of a test until it closes the lab. */
export async function play(rig: Rig, { settings }: Plan<KitSettings>): Promise<void> {
  const [pair] = await rig.boot([{ name: KIT, middle: settings.between }])
  if (pair === undefined) return
  const bed = new TestBed(rig, pair, ROW, settings)
  const closed = new Promise<void>((resolve) => {
    answerQuestions<KitRequests>({
      start: (ask) => bed.start(ask),
      says: (ask) => bed.says(ask),
      ends: (ask) => bed.ends(ask),
      talking: (ask) => bed.talking(ask),
      connections: () => bed.connections(),
      strike: (ask) => bed.strike(ask),
      undo: (ask) => bed.undo(ask),
      close: async () => {
        bed.close()
        resolve()
        return null
      },
    })
  })
  rig.begin('the hosts are there')
  tellParent({ opened: { client: pair.a.address, server: pair.b.address } } satisfies Opened)
  await Promise.race([closed, bed.watch(), rig.sleep(OPEN_LIMIT_MS)])
}
