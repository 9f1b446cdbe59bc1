/**
 * What is on the table of `--play`: per mechanism what both ends and both kernels say, and what is true.
 * Events in, a board out; `table.ts` draws it.
 */
import { type HostSide, hostSides, otherSide, sideOf } from '../../events/host-names.ts'
import type {
  Belief,
  Certainty,
  EventOf,
  KernelSocket,
  LabEvent,
  Trigger,
  Truth,
} from '../../events/vocabulary.ts'
import { printable } from '../../foreign/printable.ts'
import { mechanismOf } from '../../lab/log.ts'
import { type HostCondition, WELL } from '../../plan/play-command.ts'
import { type Contradiction, contradictionOf, Halves } from '../contradiction.ts'

/** One end of one mechanism. */
export interface End {
  /** `ended`: its process is gone, and nobody is left to believe anything. */
  belief: Belief | 'ended'
  certainty: Certainty
  /** Why it believes that; null before it believes anything. */
  trigger: Trigger | null
  /** The kernel's entry of its newest connection; null when there is none. */
  kernel: KernelSocket | null
  /** The run's milliseconds since when it has believed in a peer that does not answer; null: it does not. */
  ghostSince: number | null
  /** How long it had done so when it changed its mind. */
  ghostMs: number | null
  connection: string | undefined
  /** The connection that its belief is about, and the ones before. */
  believedOn: string | undefined
  earlier: readonly string[]
  /** What it was when it was told to be gone, in case that is taken back; null once its process was seen to end. */
  untilGone: End | null
}

/** One connection is closed when the next begins; what is older is silent. */
const EARLIER_MAX = 8

export interface Row {
  a: End
  b: End
  change: { at: number; side: HostSide; why: Trigger } | null
}

/** What is true of one side, as the other one might know it. */
export interface TruthAbout {
  truth: Truth
  since: number
  because: string
}

export class Board {
  readonly rows: ReadonlyMap<string, Row>
  readonly truth: Record<HostSide, TruthAbout> = { a: absent(), b: absent() }
  /** In what state the lab sees the hosts, where it looks: in play. */
  readonly conditions: Record<HostSide, HostCondition> = { a: WELL, b: WELL }
  readonly #halves = new Halves()
  /** As another terminal sees them; by host, and `lab` for the runner. */
  readonly pids = new Map<string, number>()
  /** What the lab said last. */
  message: { at: number; text: string } | null = null
  kernelSampled = false
  isHandedOver = false
  /** CLOCK_MONOTONIC at the start of the run, in milliseconds. */
  beganAt: number | null = null

  constructor(mechanisms: readonly string[]) {
    this.rows = new Map(mechanisms.map((id) => [id, { a: nobody(), b: nobody(), change: null }]))
  }

  add(event: LabEvent): void {
    this.beganAt ??= Number(event.mono) / 1e6 - event.time
    const side = sideOf(event.host)
    const row = this.rows.get(mechanismOf(event) ?? '')
    switch (event.name) {
      case 'run:started':
      case 'program:started':
        this.pids.set(event.host, event.outerPid ?? event.pid)
        if (side !== null) this.#eachEnd(side, (end) => Object.assign(end, nobody()))
        break
      case 'kernel:sampling_started':
        this.kernelSampled = true
        break
      case 'run:progressed':
        this.message = { at: event.time, text: printable(event.data.message) }
        this.isHandedOver ||= event.data.message.endsWith('your turn')
        break
      case 'http-session:started':
      case 'http-session:denied':
        this.message = {
          at: event.time,
          text: printable(`${event.host}: ${event.name} ${event.data.session}`),
        }
        break
      case 'belief:updated':
        if (side !== null && row !== undefined) this.#believe(row, side, event)
        break
      case 'kernel:socket_updated':
        if (side !== null && row !== undefined) updateKernel(row[side], event)
        break
      case 'truth:updated':
        if (side !== null) this.#learn(side, event)
        break
      case 'host:process_exited':
        if (side !== null) this.#end(side)
        break
      case 'host:condition_seen':
        if (side !== null) this.conditions[side] = event.data
        break
    }
    this.#halves.note(event)
    if (side !== null) this.#compareAll(event.time)
  }

  /** Where a belief and what is true contradict each other; null: nowhere. */
  contradiction(row: Row, side: HostSide): Contradiction | null {
    const { truth } = this.truth[otherSide(side)]
    return contradictionOf(row[side], this.#halves.factsFor(side, row[side].believedOn, truth))
  }

  #believe(row: Row, side: HostSide, { time, data, group_id = '' }: EventOf<'belief:updated'>): void {
    const end = row[side]
    // An end that has gone on to another connection may still be told that the earlier one is over.
    if (end.earlier.includes(group_id)) return
    if (end.believedOn !== group_id && end.believedOn !== undefined) {
      end.earlier = [...end.earlier, end.believedOn].slice(-EARLIER_MAX)
    }
    end.believedOn = group_id
    row[side].belief = data.new
    row[side].certainty = data.certainty
    row[side].trigger = data.trigger
    row.change = { at: time, side, why: data.trigger }
  }

  /** @param side who sees it: the truth is about the other one */
  #learn(side: HostSide, { time, data }: EventOf<'truth:updated'>): void {
    const wasAnswering = this.truth[otherSide(side)].truth === 'answering'
    this.truth[otherSide(side)] = { truth: data.new, since: time, because: printable(data.because) }
    if (wasAnswering) {
      this.#eachEnd(side, (end) => {
        end.ghostMs = null
      })
    }
    // An end that is gone believes nothing, whether anybody saw its process end or not.
    const about = otherSide(side)
    this.#eachEnd(about, (end) => {
      if (data.new === 'gone') Object.assign(end, ended(end), { untilGone: { ...end, untilGone: null } })
      // It was not gone. What has changed since then is newer.
      else if (end.belief === 'ended' && end.untilGone !== null) Object.assign(end, end.untilGone)
    })
  }

  #end(side: HostSide): void {
    this.#eachEnd(side, (end) => Object.assign(end, ended(end)))
  }

  /** Ghost time begins when a belief and what is true part, and ends when either comes round. */
  #compareAll(time: number): void {
    for (const row of this.rows.values()) {
      for (const side of hostSides) {
        const end = row[side]
        if (this.contradiction(row, side) === 'ghost') end.ghostSince ??= time
        else if (end.ghostSince !== null) {
          end.ghostMs = time - end.ghostSince
          end.ghostSince = null
        }
      }
    }
  }

  #eachEnd(side: HostSide, change: (end: End) => void): void {
    for (const row of this.rows.values()) change(row[side])
  }
}

/** An old connection's entry may go after the new one's came. */
function updateKernel(end: End, { group_id, data }: EventOf<'kernel:socket_updated'>): void {
  if (data.new === null && group_id !== end.connection) return
  end.kernel = data.new
  end.connection = group_id
}

/** Nobody is left to believe anything; what its kernel held stays to be seen. */
function ended({ kernel }: End): End {
  return { ...nobody(), kernel, belief: 'ended' }
}

function nobody(): End {
  return {
    belief: 'unknown',
    certainty: 'unknown',
    trigger: null,
    kernel: null,
    ghostSince: null,
    ghostMs: null,
    connection: undefined,
    believedOn: undefined,
    earlier: [],
    untilGone: null,
  }
}

function absent(): TruthAbout {
  return { truth: 'absent', since: 0, because: '' }
}
