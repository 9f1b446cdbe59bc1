/** What a test and its lab say to each other, through the channel of the lab's runner. */
import type { HostSide } from '../events/host-names.ts'
import type { Connection, Ended, KitFault, Said, StrikeSeen } from './types.ts'

/** What a test asks. Every question is answered, or the lab is gone. */
export interface KitRequests {
  start: { ask: { side: HostSide; command: string | readonly string[] }; answer: { program: string } }
  says: { ask: { program: string; pattern: string; flags: string; withinMs: number }; answer: Said }
  ends: { ask: { program: string; withinMs: number }; answer: Ended }
  talking: { ask: { withinMs: number }; answer: null }
  connections: { ask: null; answer: Connection[] }
  strike: { ask: { fault: KitFault; side: HostSide }; answer: StrikeSeen & { strike: number } }
  /** `proof` is null where a fault was over by itself. */
  undo: { ask: { strike: number }; answer: { proof: string | null } }
  close: { ask: null; answer: null }
}
export type KitRequest = keyof KitRequests

/** The first thing that a lab says: its hosts are there. */
export interface Opened {
  opened: { client: string; server: string }
}
