/**
 * `--play`: one pair of hosts stays up, and the learner strikes, by key or from another terminal. What a key
 * does has a name and a moment; what somebody did elsewhere is seen when the lab looks, and named by what it
 * left behind. One thing after the other: while an act is done, nobody looks.
 */
import { readFileSync } from 'node:fs'
import { type HostSide, hostSides, otherSide } from '../../src/events/host-names.ts'
import type { Truth } from '../../src/events/vocabulary.ts'
import type { Proof } from '../../src/faults/proof.ts'
import type { Host, Pair } from '../../src/hosts/host.ts'
import { parseProcessState } from '../../src/kernel/socket-table.ts'
import type { Plan } from '../../src/plan/plan.ts'
import {
  type HostCondition,
  PLAY_PAIR,
  type PlayAction,
  type PlayCommand,
  WELL,
  whyNotNow,
} from '../../src/plan/play-command.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { type KeepaliveSettings, programsOf } from './conditions.ts'
import type { KeepaliveFault } from './faults.ts'

/** How late the lab may learn what the learner did elsewhere. */
const LOOK_EVERY_MS = 100
/** Round-trip times and timeouts for the predictions are read once in this many looks. */
const OBSERVE_EVERY = 20
/** A signal is in force before the next look; a machine that needs longer is not telling. */
const SEEN_WITHIN_MS = 1000
const SEEN_EVERY_MS = 5

/** The acts that are a fault of the lab's: they have a watch, and a judgement. */
const STRIKES: Partial<Record<PlayAction, KeepaliveFault>> = {
  exit: 'exit',
  kill: 'kill',
  freeze: 'freeze',
  cut: 'cut',
  'power-off': 'power-off',
  reboot: 'reboot',
  reset: 'reset',
}

/** What an act is there to change in the state of its host; whatever else has changed was somebody else. */
const CHANGES: Record<PlayAction, readonly (keyof HostCondition)[]> = {
  exit: ['isRunning'],
  kill: ['isRunning', 'isStopped'],
  start: ['isRunning'],
  freeze: ['isStopped'],
  continue: ['isStopped'],
  cut: ['isPlugged'],
  mend: ['isPlugged'],
  'power-off': ['isRunning', 'isStopped', 'isPlugged', 'hasPower'],
  reboot: ['isRunning', 'isStopped', 'isPlugged', 'hasPower'],
  reset: [],
}

interface Watching {
  fault: KeepaliveFault
  struck: Host
  /** `performance.now()` */
  until: number
}

export async function play(rig: Rig, plan: Plan<KeepaliveSettings>): Promise<void> {
  rig.say('starting two hosts, a (the clients) and b (the servers)')
  const [pair] = await rig.boot([PLAY_PAIR])
  if (pair === undefined) return
  await rig.connect(pair, programsOf(plan))
  await rig.observe(pair)
  await new Game(rig, pair, plan.watchMs).play(plan.mechanisms.length)
}

class Game {
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #watchMs: number
  /** As seen last. */
  #conditions: Record<HostSide, HostCondition> = { a: WELL, b: WELL }
  #withoutPower = new Set<Host>()
  #lookedAtMs = performance.now()
  #watching: Watching | null = null

  constructor(rig: Rig, pair: Pair, watchMs: number) {
    this.#rig = rig
    this.#pair = pair
    this.#watchMs = watchMs
  }

  /** @throws AbortError when the run is to end: what was seen until then counts */
  async play(connections: number): Promise<void> {
    for (const side of hostSides) this.#tellCondition(side)
    this.#rig.say(`${connections} connections are up: it is your turn`)
    try {
      for (let looks = 1; ; looks++) {
        const command = await this.#rig.learner.next(LOOK_EVERY_MS)
        // What somebody did elsewhere first: it is not to be taken for what the key does.
        this.#lookAround()
        if (command !== null) await this.#obey(command)
        if (performance.now() > (this.#watching?.until ?? Number.POSITIVE_INFINITY)) this.#endWatch()
        // Nobody waits for the answer: a host that is stopped meanwhile gives none.
        if (looks % OBSERVE_EVERY === 0 && this.#isWell()) void this.#rig.observe(this.#pair)
      }
    } finally {
      this.#lookAround()
      this.#endWatch()
    }
  }

  /** What has become true since the last look, and was nobody's key. */
  #lookAround(): void {
    const before = this.#conditions
    const uncertainMs = performance.now() - this.#lookedAtMs
    this.#look()
    const changed = this.#changed()
    const struck = hostSides.find((side) =>
      strikeBetween(before[side], this.#conditions[side], this.#exitCode(side)),
    )
    if (changed.length === 0 && struck === undefined) return
    this.#endWatch(uncertainMs)
    const fault = struck && strikeBetween(before[struck], this.#conditions[struck], this.#exitCode(struck))
    if (struck !== undefined && fault) this.#begin(fault, this.#pair[struck], uncertainMs)
    this.#tell(changed)
    if (struck !== undefined && fault) {
      const problem =
        'its cable was taken out and its process ended between two looks: nobody saw which came first'
      const shown = fault === 'power-off' ? { problem } : { verifiedBy: this.#because(struck) }
      this.#rig.learner.struck(fault, this.#pair, this.#pair[struck], shown)
    }
  }

  async #obey(command: PlayCommand): Promise<void> {
    const { action, host: side } = command
    const host = this.#pair[side]
    const why = whyNotNow(command, this.#conditions)
    if (why !== null) {
      this.#rig.say(`${action} ${host.name}: not now, ${why}`)
      return
    }
    this.#endWatch()
    const before = this.#conditions
    const fault = STRIKES[action]
    if (fault !== undefined) this.#begin(fault, host, 0)
    let problem: string | null = null
    try {
      await this.#rig.obey(command, this.#pair, (seenFrom, truth) =>
        this.#onTheWay(action, host, seenFrom, truth),
      )
      if (action === 'power-off') this.#withoutPower.add(host)
      if (action === 'reboot') this.#withoutPower.delete(host)
      if (!(await this.#isSeen(command))) problem = 'nothing showed that it happened'
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
    this.#look()
    this.#tell(this.#changed())
    const others = unexplained(command, before, this.#conditions)
    if (others !== undefined) problem ??= `something else happened to ${this.#pair[others].name} meanwhile`
    if (problem !== null) this.#rig.say(`${action} ${host.name}: ${problem}`)
    const shown: Proof | { problem: string } =
      problem === null ? { verifiedBy: this.#because(side) } : { problem }
    if (fault !== undefined) this.#rig.learner.struck(fault, this.#pair, host, shown)
    if (this.#isWell()) await this.#rig.observe(this.#pair)
  }

  /** A machine loses its power and gets it back within one act. */
  #onTheWay(action: PlayAction, host: Host, seenFrom: Host, truth: Truth): void {
    if (truth === 'gone') {
      this.#withoutPower.add(host)
      this.#rig.truth(seenFrom, truth, `${action}: it has no power`)
    } else {
      this.#withoutPower.delete(host)
      this.#look()
      this.#tell(this.#changed())
    }
  }

  /** Signals are obeyed a moment after they were sent. */
  async #isSeen({ action, host }: PlayCommand): Promise<boolean> {
    const until = performance.now() + SEEN_WITHIN_MS
    for (;;) {
      const { isRunning, isStopped, isPlugged, hasPower } = this.#conditionOf(host)
      const isSeen = {
        exit: !isRunning,
        kill: !isRunning,
        start: isRunning,
        freeze: isStopped,
        continue: !isStopped,
        cut: !isPlugged,
        mend: isPlugged,
        'power-off': !hasPower,
        reboot: isRunning && isPlugged,
        reset: true,
      }[action]
      if (isSeen || performance.now() > until) return isSeen
      await this.#rig.sleep(SEEN_EVERY_MS)
    }
  }

  #begin(fault: KeepaliveFault, struck: Host, uncertainMs: number): void {
    this.#rig.learner.strikes(fault, this.#pair, struck, uncertainMs)
    this.#watching = { fault, struck, until: performance.now() + this.#watchMs }
  }

  #endWatch(uncertainMs = 0): void {
    if (this.#watching === null) return
    const { fault, struck } = this.#watching
    this.#watching = null
    this.#rig.endWatch(fault, this.#pair, struck, uncertainMs)
  }

  #isWell(): boolean {
    return hostSides.every((side) => this.#rig.truthOf(this.#pair[side]) === 'answering')
  }

  #look(): void {
    this.#lookedAtMs = performance.now()
    for (const side of hostSides) {
      const before = this.#conditions[side]
      this.#conditions = { ...this.#conditions, [side]: this.#conditionOf(side) }
      if (JSON.stringify(before) !== JSON.stringify(this.#conditions[side])) this.#tellCondition(side)
    }
  }

  #tellCondition(side: HostSide): void {
    this.#rig.emitterOf(this.#pair[side], 'lab')('host:condition_seen', this.#conditions[side])
  }

  #conditionOf(side: HostSide): HostCondition {
    const host = this.#pair[side]
    const isRunning = host.process !== null && host.process.exit === null
    return {
      isRunning,
      isStopped: isRunning && isStopped(host.process?.pid ?? 0),
      isPlugged: this.#rig.network?.isPlugged(host) !== false,
      hasPower: !this.#withoutPower.has(host),
    }
  }

  #exitCode(side: HostSide): number | null {
    return this.#pair[side].process?.exit?.code ?? null
  }

  /** The hosts about which something else is true now than was told last. */
  #changed(): HostSide[] {
    return hostSides.filter(
      (side) => this.#truthAbout(side) !== this.#rig.truthOf(this.#pair[otherSide(side)]),
    )
  }

  #tell(sides: readonly HostSide[]): void {
    for (const side of sides) {
      this.#rig.truth(this.#pair[otherSide(side)], this.#truthAbout(side), this.#because(side))
    }
    // What is seen next happened after this was told: else it would be judged by what was true before.
    this.#lookedAtMs = performance.now()
  }

  /** What is true of a host for the other one. */
  #truthAbout(side: HostSide): Truth {
    const { isRunning, isStopped, isPlugged } = this.#conditions[side]
    if (!isRunning) return 'gone'
    if (!isPlugged || !this.#conditions[otherSide(side)].isPlugged) return 'unreachable'
    return isStopped ? 'frozen' : 'answering'
  }

  #because(side: HostSide): string {
    const { isRunning, isStopped, isPlugged, hasPower } = this.#conditions[side]
    const { process } = this.#pair[side]
    if (!hasPower) return 'it has no power'
    if (!isRunning) return `its process ended (${process?.exit?.signal ?? `status ${process?.exit?.code}`})`
    if (!isPlugged) return 'its switch port is detached'
    const other = this.#pair[otherSide(side)]
    if (!this.#conditions[otherSide(side)].isPlugged) return `the port of ${other.name} is detached`
    return isStopped ? 'its process is stopped' : 'its process runs and the cable is in'
  }
}

/** The host to which somebody did something from elsewhere while an act was done: which came first, nobody saw. */
function unexplained(
  { action, host }: PlayCommand,
  before: Readonly<Record<HostSide, HostCondition>>,
  now: Readonly<Record<HostSide, HostCondition>>,
): HostSide | undefined {
  return hostSides.find((side) =>
    (Object.keys(WELL) as (keyof HostCondition)[]).some(
      (what) => before[side][what] !== now[side][what] && !(side === host && CHANGES[action].includes(what)),
    ),
  )
}

/** How what somebody did elsewhere is recognised; undefined when it was no strike. */
function strikeBetween(
  before: HostCondition,
  now: HostCondition,
  exitCode: number | null,
): KeepaliveFault | undefined {
  const hasEnded = before.isRunning && !now.isRunning
  const isCut = before.isPlugged && !now.isPlugged
  if (hasEnded && isCut) return 'power-off'
  if (hasEnded) return exitCode === 0 ? 'exit' : 'kill'
  if (isCut) return 'cut'
  return !before.isStopped && now.isStopped ? 'freeze' : undefined
}

function isStopped(pid: number): boolean {
  try {
    return parseProcessState(readFileSync(`/proc/${pid}/stat`, 'utf8')) === 'T'
  } catch {
    // No /proc on this system: only ends are seen there, not pauses.
    return false
  }
}
