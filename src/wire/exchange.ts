/**
 * A telephone exchange: between the lines of two towns it has a trunk of a few slots. A call gets a slot for itself
 * until it ends, whether anybody speaks or not; when all are taken, the next caller hears the busy tone.
 *
 *     town a                   trunk, a frame every 20 ms                     town b
 *     line 1 ---+         +--------+--------+--------+--------+         +--- line 1
 *     line 2 ---+ exchange| slot 0 | slot 1 | slot 2 | slot 3 | exchange+--- line 2
 *     line 3 ---+         +--------+--------+--------+--------+         +--- line 3
 *
 * The place in the frame is all the address there is: who owns a slot was settled when the call began. The trunk has
 * another direction, which is the same and not looked at here. No sockets, no clocks: whoever moves the frames says
 * when one is due (office.ts).
 */
import type { Verb } from '../protocols/telephone/message.ts'

/** Of a line. `busy`: it hears the tone, and has no slot. */
export type LineState = 'idle' | 'talking' | 'busy'
type Input = 'call' | 'call, no slot is free' | 'hang-up' | 'line lost'

const transitions = {
  idle: { call: 'talking', 'call, no slot is free': 'busy' },
  talking: { 'hang-up': 'idle', 'line lost': 'idle' },
  busy: { 'hang-up': 'idle', 'line lost': 'idle' },
} as const satisfies Record<LineState, Partial<Record<Input, LineState>>>

export type Town = 'a' | 'b'

/** What is to be said to the telephones of a town. */
export interface Saying {
  to: Town
  verb: Verb
  line: number
}

export interface TrunkSettings {
  /** Telephones at either side. */
  lines: number
  slots: number
}

/** Speech that waits for its slot: telephones and trunk have clocks of their own. More is lost. */
const VOICES_WAITING_MAX = 8
export const LINES_MAX = 1000

interface Line {
  number: number
  state: LineState
  slot: number | null
  caller: Town
  waiting: Buffer[]
}

export class Exchange {
  readonly #lines: readonly Line[]
  /** By slot: whose it is. */
  readonly #owners: (Line | null)[]
  /** Since it began. `reserved`: slots of trunk frames that were somebody's, of which `silent` carried nothing. */
  readonly counts = { calls: 0, blocked: 0, frames: 0, reserved: 0, silent: 0, voicesLost: 0 }

  /** @throws RangeError when nobody could ever talk, or somebody always */
  constructor({ lines, slots }: TrunkSettings) {
    if (!Number.isInteger(slots) || slots < 1) {
      throw new RangeError(`a trunk needs a capacity of 1 slot at least, not of ${slots}`)
    }
    if (!Number.isInteger(lines) || lines < slots || lines > LINES_MAX) {
      throw new RangeError(`an exchange of ${slots} slots needs ${slots} to ${LINES_MAX} lines, not ${lines}`)
    }
    this.#lines = Array.from({ length: lines }, (_, index) => ({
      number: index + 1,
      state: 'idle',
      slot: null,
      caller: 'a',
      waiting: [],
    }))
    this.#owners = Array(slots).fill(null)
  }

  /** What a telephone said. @returns what is to be said because of it */
  hear(from: Town, verb: Verb, number: number, voice?: Buffer): Saying[] {
    const line = this.#lines[number - 1]
    if (line === undefined) return verb === 'call' ? [{ to: from, verb: 'cleared', line: number }] : []
    if (verb === 'voice' && voice !== undefined) this.#speak(line, voice)
    if (verb === 'call') return this.#call(line, from)
    if (verb !== 'hang-up') return []
    if (line.state === 'idle') return [{ to: from, verb: 'cleared', line: number }]
    return this.#clear(line, 'hang-up', 'cleared', ['a', 'b'])
  }

  /** The lines of a town are dead: their calls are over, and whoever is left is told. */
  lose(town: Town): Saying[] {
    return this.#lines.flatMap((line) => this.#clear(line, 'line lost', 'lost', [town === 'a' ? 'b' : 'a']))
  }

  /** The next frame of the trunk: in each slot speech of its owner, or nothing. */
  frame(): { line: number; voice: Buffer }[] {
    this.counts.frames += 1
    return this.#owners.flatMap((line) => {
      if (line === null) return []
      this.counts.reserved += 1
      const voice = line.waiting.shift()
      if (voice === undefined) this.counts.silent += 1
      return voice === undefined ? [] : [{ line: line.number, voice }]
    })
  }

  /** Whose each slot is: the cords of the board. */
  get owners(): readonly (number | null)[] {
    return this.#owners.map((line) => line?.number ?? null)
  }

  #call(line: Line, caller: Town): Saying[] {
    if (line.state !== 'idle') return [{ to: caller, verb: 'busy', line: line.number }]
    this.counts.calls += 1
    const free = this.#owners.indexOf(null)
    line.caller = caller
    if (free === -1) {
      this.counts.blocked += 1
      line.state = transitions.idle['call, no slot is free']
      return [{ to: caller, verb: 'busy', line: line.number }]
    }
    line.state = transitions.idle.call
    line.slot = free
    this.#owners[free] = line
    const other = caller === 'a' ? 'b' : 'a'
    return [
      { to: other, verb: 'ringing', line: line.number },
      { to: caller, verb: 'connected', line: line.number },
    ]
  }

  #clear(line: Line, input: 'hang-up' | 'line lost', verb: Verb, towns: Town[]): Saying[] {
    if (line.state === 'idle') return []
    const told = line.state === 'talking' ? towns : towns.filter((town) => town === line.caller)
    line.state = transitions[line.state][input]
    if (line.slot !== null) this.#owners[line.slot] = null
    line.slot = null
    line.waiting = []
    return told.map((to) => ({ to, verb, line: line.number }))
  }

  #speak(line: Line, voice: Buffer): void {
    if (line.state === 'talking' && line.waiting.length < VOICES_WAITING_MAX) line.waiting.push(voice)
    else this.counts.voicesLost += 1
  }
}
