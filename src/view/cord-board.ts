/**
 * The operator's cord board, as it was before exchanges were machines: a lamp lights where somebody calls, and a cord
 * is put in for as long as the call lasts. Pure: events in, lines of text out.
 */
import { pairOf } from '../events/host-names.ts'
import type { LabEvent } from '../events/vocabulary.ts'

/** More calls at once than fit a screen are counted by the exchange, and drawn by nobody. */
const CORDS_DRAWN_MAX = 16

/** `cord 1   a 3 o======o b 3` @param owners by slot, whose it is; 0: nobody's */
export function cordsDrawn(owners: readonly number[]): string[] {
  const cords = owners.slice(0, CORDS_DRAWN_MAX).map((line, slot) => {
    const end = line === 0 ? ' ' : String(line)
    return `cord ${slot + 1}   a ${end} o${(line === 0 ? ' ' : '=').repeat(16)}o b ${end}`.trimEnd()
  })
  const more = owners.length - CORDS_DRAWN_MAX
  return more > 0 ? [...cords, `and ${more} more`] : cords
}

export interface Board {
  exchange: string
  lines: readonly string[]
}

/** The boards of a run that goes on. */
export class CordBoards {
  /** By exchange, which is named after its pair. */
  readonly #owners = new Map<string, readonly number[]>()
  /** Who has heard the busy tone so far: a tone is over too soon to be read. */
  readonly #refused = new Map<string, number[]>()
  readonly #dead = new Set<string>()

  /** @returns whether a board looks different now */
  take(event: LabEvent): boolean {
    if (event.name === 'exchange:cords_moved') this.#owners.set(event.data.exchange, event.data.owners)
    else if (event.name === 'exchange:line_lost') this.#dead.add(event.data.exchange)
    else if (event.name === 'telephone:call_updated') return this.#hear(event.host, event.data)
    else return false
    return true
  }

  get all(): Board[] {
    return [...this.#owners].map(([exchange, owners]) => ({
      exchange,
      lines: [
        ...cordsDrawn(owners),
        ...tonesTold(this.#refused.get(exchange) ?? []),
        ...(this.#dead.has(exchange) ? ['a line went dead: its calls are over'] : []),
      ],
    }))
  }

  #hear(host: string, { line, new: state }: { line: number; new: string }): boolean {
    if (state !== 'busy') return false
    const exchange = pairOf(host) ?? ''
    this.#refused.set(exchange, [...(this.#refused.get(exchange) ?? []), line])
    return true
  }
}

function tonesTold(lines: readonly number[]): string[] {
  const last = lines.at(-1)
  return last === undefined
    ? []
    : [`busy tones: ${lines.length}; the last caller without a cord was line ${last}`]
}
