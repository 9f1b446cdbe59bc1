/**
 * A case in one file: what is done, and what is claimed of each row, one after the other in time. The rest of a lab
 * is made of its cases here, once: its matrix, its experiment, its judgement.
 */
import { isBox, type Middle, type OfficeSettings, type Pair, type PairWish } from '../hosts/host.ts'
import type { RouterSettings } from '../hosts/router.ts'
import { type Case, cellOfCheck, type Matrix, type Plan } from '../plan/plan.ts'
import type { Rig } from '../rig/rig.ts'
import type { Json } from '../store/store.ts'
import { type Cell, cellOf } from './cell.ts'
import type { Check } from './checks.ts'
import type { Claims } from './claims.ts'
import { judgeCases } from './judging.ts'
import type { Lab } from './lab.ts'
import type { LabLog } from './log.ts'

export interface CaseOf<S extends Json> extends Case {
  /**
   * What is between its two hosts; a switch where these hosts have no such thing. Where left out, it is the cable or
   * the router that the case needs, or else a switch. On a `learning-switch`, a `hub`,
   * an `access-point` and an `exchange` there is a third host; of `two-paths` there are two routers.
   */
  readonly middle?: Middle
  /** A third host is beside b, in its network, where hosts have networks: somebody whom both can ask. */
  readonly third?: true
  /**
   * It starts processes of its own, or a crowd of clients. Such cases come one after the other, beside the rest: a
   * processor has no time for anybody where all of them start at once.
   */
  readonly inTurn?: true
  /** How the router in the middle is set. */
  router?(settings: S): RouterSettings
  /** After how long without a word the `learning-switch` in the middle forgets an address. */
  ageingMs?(settings: S): number
  /** What the `exchange` in the middle has; a packet line of the same capacity is beside it. */
  exchange?(settings: S): OfficeSettings
  /**
   * On a `switch` or an `exchange`: thousands of packets and sockets, which are counted; neither packets nor changes of
   * a socket table are logged one by one.
   */
  readonly uncaptured?: true
  /** Of `two-paths`: the way by q takes so much longer, in each direction. */
  slowerMs?(settings: S): number
  /** Why this run cannot show it, beside what {@link Case.needs} says; null: it can. */
  notHere?(rig: Rig, plan: Plan<S>): string | null
  /** The experiment, from its first act to its last. */
  act(rig: Rig, pair: Pair, settings: S): Promise<void>
  /** Its cells, and what is claimed of each. Pure. */
  readonly rows: Readonly<Record<string, (cell: Cell<S>) => Claims>>
}

/** What a case may need to have in the middle. */
const MIDDLES = ['cable', 'router'] as const

/**
 * What the cases of a lab make of it: its columns and rows, its experiment and its judgement.
 * @param lessons a line for each row, in the order in which a reader meets them
 */
export function madeOf<S extends Json, L extends Readonly<Record<string, string>>>(
  cases: readonly CaseOf<S>[],
  lessons: L,
): Matrix & { lessons: L } & Pick<Lab<S>, 'experiment' | 'judge'> {
  return {
    cases,
    mechanisms: Object.keys(lessons),
    lessons,
    hasCell: (caseId, row) => Object.hasOwn(cases.find(({ id }) => id === caseId)?.rows ?? {}, row),
    experiment: (rig, plan) => runCases(rig, plan, cases),
    judge: (log, plan) => judgeBy(log, plan, cases),
  }
}

/**
 * Boots a pair of hosts for each case that can be shown here, and acts on all of them at the same time, but for
 * those that take turns.
 */
export async function runCases<S extends Json>(
  rig: Rig,
  plan: Plan<S>,
  cases: readonly CaseOf<S>[],
): Promise<void> {
  const possible = rig.possible(cases)
  const shown = cases.filter((one) => {
    if (!possible.includes(one.id)) return false
    const reason = one.notHere?.(rig, plan) ?? null
    if (reason !== null) rig.skip(one.id, reason)
    return reason === null
  })
  const wishes = shown.map((one) => wishOf(rig, one, plan.settings))
  // On loopback nobody is at a third place: an exchange is a program at ports, and one host is as good as two.
  const hasPorts = rig.offers('cable')
  const isThird = (wish: PairWish) =>
    typeof wish === 'object' && ('third' in wish || isBox(wish.middle ?? 'switch'))
  const thirds = hasPorts ? wishes.filter(isThird).length : 0
  const routers = 2 * wishes.filter(({ middle }) => middle === 'two-paths').length
  const each = thirds === 0 ? 'a pair' : 'two or three'
  const hosts = `${2 * wishes.length + thirds} hosts${routers === 0 ? '' : ` and ${routers} routers`}`
  rig.say(`starting ${hosts}, ${each} for each of ${wishes.length} cases`)
  const pairs = await rig.boot(wishes)
  rig.begin('all cases begin')
  const run = (one: CaseOf<S>) => {
    const pair = pairs[shown.indexOf(one)] as Pair
    return rig.runCase(pair, () => one.act(rig, pair, plan.settings))
  }
  const inTurns = async () => {
    for (const one of shown.filter(({ inTurn }) => inTurn)) await run(one)
  }
  await Promise.all([inTurns(), ...shown.filter(({ inTurn }) => !inTurn).map(run)])
}

function wishOf<S extends Json>(
  rig: Rig,
  {
    id,
    needs = [],
    middle = MIDDLES.find((one) => needs.includes(one)) ?? 'switch',
    third,
    router,
    ageingMs,
    exchange,
    uncaptured,
    slowerMs,
  }: CaseOf<S>,
  settings: S,
): Exclude<PairWish, string> {
  if (!rig.offers(middle)) return { name: id }
  if (middle === 'exchange') {
    if (exchange === undefined) throw new Error(`case ${id} does not say what its exchange has`)
    return { name: id, middle, exchange: exchange(settings), ...(uncaptured ? { uncaptured } : {}) }
  }
  if (middle === 'learning-switch' && ageingMs !== undefined) {
    return { name: id, middle, ageingMs: ageingMs(settings) }
  }
  if (middle === 'two-paths' && slowerMs !== undefined) {
    return { name: id, middle, slowerMs: slowerMs(settings) }
  }
  const beside = { ...(third === undefined ? {} : { third }), ...(uncaptured ? { uncaptured } : {}) }
  if (middle === 'switch' || middle === 'cable') return { name: id, middle, ...beside }
  if (middle !== 'router') return { name: id, middle }
  return { name: id, middle, ...(router === undefined ? {} : { router: router(settings) }), ...beside }
}

/** Judges every cell of the run, in the order of the plan. */
export function judgeBy<S extends Json>(log: LabLog, plan: Plan<S>, cases: readonly CaseOf<S>[]): Check[] {
  const claims = plan.cells.flatMap((id) => {
    const cell = cellOf(log, plan, id)
    if (cell === null) return []
    return cases.find((one) => one.id === cell.case)?.rows[cell.row]?.(cell) ?? []
  })
  const place = ({ id }: Check) => plan.cells.indexOf(cellOfCheck(id))
  return judgeCases(log, plan, claims).sort((one, other) => place(one) - place(other))
}
