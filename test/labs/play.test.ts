/** `--play` is as trustworthy as a run: games by hand, and games that nobody thought of. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { randomFrom } from '../../src/lab/random.ts'
import type { Report } from '../../src/lab/report.ts'
import { testNeeding } from '../support/needs.ts'
import { playGame } from '../support/play.ts'

const { tier } = await findCapabilities()
const onNetns = testNeeding('network namespaces', tier === 'netns')

/** A key, and a signal from another terminal before the lab has looked again. */
const AT_THE_SAME_MOMENT = ['X 0.0 kill-a 4 E 2', 'x 0.0 kill-b 4', 'f 0.0 kill-b 4', 'm 0.0 X 0.0 stop-a 4']

/** More at once would judge each other's noise. */
const AT_ONCE = 2
/** By hand: STILLHERE_GAMES=200 STILLHERE_GAME_SEED=1 npx vitest run test/labs/play.test.ts */
const GAMES = Number(process.env.STILLHERE_GAMES ?? 4)
const SEED = Number(process.env.STILLHERE_GAME_SEED ?? 1)
const GAME_LIMIT_MS = 90_000

interface Expected {
  game: string
  /** The acts that have to be judged, in the order of the game. */
  judged: string[]
  passedAtLeast: number
}

/** Games that newcomers played first. */
const FIRST_GAMES: Expected[] = [
  { game: 'f 9 c 3', judged: ['freeze', 'continue'], passedAtLeast: 18 + 4 },
  { game: 'b 5', judged: ['reboot'], passedAtLeast: 16 },
  { game: 'x 6 m 4', judged: ['cut', 'mend'], passedAtLeast: 18 },
  { game: 'r 3', judged: ['reset'], passedAtLeast: 14 },
  { game: 'e 5', judged: ['exit'], passedAtLeast: 16 },
  { game: 'p 8', judged: ['power-off'], passedAtLeast: 16 },
  { game: 'k 2 s 3', judged: ['kill', 'start'], passedAtLeast: 16 },
  { game: 'stop-b 5 cont-b 3 kill-b 2', judged: ['freeze', 'continue', 'kill'], passedAtLeast: 30 },
]

onNetns(
  'every act has its own name and judge, and what was seen before the end counts',
  async () => {
    await several(FIRST_GAMES, async ({ game, judged, passedAtLeast }) => {
      const report = await playGame(game)
      expect(failed(report), game).toEqual([])
      const acts = report.checks.map(({ id }) => id.split('/')[0] ?? '')
      expect([...new Set(acts)].sort(), game).toEqual(judged.toSorted())
      const sure = report.checks.filter(({ verdict }) => verdict !== 'skipped')
      expect(sure.length, `${game}: ${reasons(report)}`).toBeGreaterThanOrEqual(passedAtLeast)
      expect(reasons(report), game).not.toContain('the run ended before')
    })
  },
  (FIRST_GAMES.length / AT_ONCE) * GAME_LIMIT_MS,
)

onNetns(
  'a key and a signal at the same moment: nobody saw which came first, and that is said',
  async () => {
    const said = new Set<string>()
    await several(AT_THE_SAME_MOMENT, async (game) => {
      const report = await playGame(game)
      expect(failed(report), game).toEqual([])
      for (const reason of reasons(report).split('; ')) said.add(reason)
    })
    // Which of them is a matter of milliseconds.
    expect([...said].join('; ')).toMatch(
      /something else happened to play-[ab] meanwhile|between two looks|something else was in force before/,
    )
  },
  (AT_THE_SAME_MOMENT.length / AT_ONCE) * GAME_LIMIT_MS,
)

onNetns(
  `${GAMES} random games, and no check failed`,
  async () => {
    const seeds = Array.from({ length: GAMES }, (_, index) => SEED + index)
    const judged = { pass: 0, fail: 0, inconclusive: 0, skipped: 0 }
    await several(seeds, async (seed) => {
      const game = randomGame(randomFrom(seed))
      const report = await playGame(game)
      for (const { verdict } of report.checks) judged[verdict]++
      expect(failed(report), `seed ${seed}: ${game}`).toEqual([])
    })
    process.stderr.write(`${GAMES} games from seed ${SEED}: ${JSON.stringify(judged)}\n`)
    expect(judged.pass).toBeGreaterThan(GAMES)
  },
  Math.ceil(GAMES / AT_ONCE) * GAME_LIMIT_MS,
)

/** Keys for either host, and signals from another terminal. */
const ACTS = [...'eksfcxmpbrEKSFCXMPBR', 'kill-a', 'kill-b', 'stop-a', 'stop-b', 'cont-a', 'cont-b']
const ACTS_MAX = 5
const PAUSE_S_MAX = 6

function randomGame(random: () => number): string {
  const acts = 1 + Math.floor(random() * ACTS_MAX)
  return Array.from({ length: acts }, () => {
    const act = ACTS[Math.floor(random() * ACTS.length)]
    // Short pauses as often as long ones: nobody waits for everything.
    return `${act} ${(PAUSE_S_MAX * random() ** 2).toFixed(1)}`
  }).join(' ')
}

function failed({ checks }: Report) {
  return checks
    .filter(({ verdict }) => verdict === 'fail')
    .map(({ id, observed, because }) => ({ id, observed, because }))
}

function reasons({ checks }: Report): string {
  return [
    ...new Set(checks.flatMap(({ verdict, because }) => (verdict === 'skipped' ? [because] : []))),
  ].join('; ')
}

/** Some at once, each as soon as there is room. */
async function several<T>(all: readonly T[], one: (each: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await one(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
