/**
 * ICMP messages that nobody has a port, as a connected UDP socket reports them. A peer that is gone can cause one for each
 * packet: they are counted, and told at most once a second.
 */
import type { Emitter } from '../../events/emit.ts'

const TELL_EVERY_MS = 1_000

export interface Refusals {
  readonly count: number
  /** An error of one of the two sockets. */
  note(port: 'rtp' | 'rtcp', error: NodeJS.ErrnoException): void
  /** Tells what was not told yet. */
  close(): void
}

export function watchRefusals(tell: Emitter): Refusals {
  let count = 0
  let told = 0
  let toldAtMs = -Infinity
  let last: { code: string; port: 'rtp' | 'rtcp' } | null = null

  function tellLast(): void {
    if (last === null || count === told) return
    tell('media:refused', { ...last, refusals: count - told })
    told = count
    toldAtMs = performance.now()
  }

  return {
    get count() {
      return count
    },
    note(port, error) {
      count += 1
      last = { code: error.code ?? error.name, port }
      if (performance.now() - toldAtMs >= TELL_EVERY_MS) tellLast()
    },
    close: tellLast,
  }
}
