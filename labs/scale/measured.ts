/** What the log of this lab says of a row: counts that were added up. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Counter } from './crowd.ts'
import { type Point, slope, typicalStep } from './expectations.ts'

type Counted = Extract<
  EventOf<`crowd:${'connected' | 'disconnected' | 'refused' | 'tried' | 'suspected' | 'trusted' | 'heard' | 'spoke'}`>,
  { data: { peers: number } }
>

export function peersOf(events: readonly Counted[]): number {
  return events.reduce((sum, { data }) => sum + data.peers, 0)
}

/** The event with which so many have been counted; undefined: there were fewer. */
export function whenCounted<E extends Counted>(events: readonly E[], peers: number): E | undefined {
  let sum = 0
  return events.find(({ data }) => {
    sum += data.peers
    return sum >= peers
  })
}

/** The most that were counted within any time of this length. */
export function fullest(events: readonly Counted[], windowMs: number): number {
  return Math.max(
    0,
    ...events.map(({ time }) =>
      peersOf(events.filter((one) => one.time >= time && one.time < time + windowMs)),
    ),
  )
}

/** The measurements of a server's end while its connections became more, the first before there were any. */
export function growth(cell: Cell): EventOf<'crowd:measured'>[] {
  const grown = cell.between('growing', 'grown')
  return grown === null ? [] : cell.b.all('crowd:measured', grown)
}

/** Those from which on it does nothing that it has not done before: with the first of its kind a program loads much. */
export function warm(cell: Cell): EventOf<'crowd:measured'>[] {
  return growth(cell).filter(({ data }) => data.held > 0)
}

export function programPoints(measured: readonly EventOf<'crowd:measured'>[]): Point[] {
  return measured.map(({ data }) => ({ held: data.held, bytes: data.usedBytes }))
}

/** What the kernel keeps for one end: it was asked about the machine, which has both. Null where it does not tell. */
export function kernelPoints(measured: readonly EventOf<'crowd:measured'>[]): Point[] | null {
  const points = measured.flatMap(({ data }) =>
    data.slabBytes === null ? [] : [{ held: data.held, bytes: data.slabBytes / 2 }],
  )
  return points.length < measured.length ? null : points
}

/** Bytes of a connection (or session) at the server's end, in its program and in its kernel. */
export interface Cost {
  user: number
  kernel: number | null
}

/** Null where it was not measured to the end. */
export function costOf(cell: Cell): Cost | null {
  const measured = warm(cell)
  if (measured.length < 2) return null
  const kernel = kernelPoints(measured)
  return { user: slope(programPoints(measured)), kernel: kernel && typicalStep(kernel) }
}

/** How much a counter of a host's kernel went up in a time; null: it was not read at both ends of it. */
export function counted(end: End, name: Counter, within: Period): number | null {
  const [first, last] = [
    end.ofHost('kernel:counters_read', within)[0],
    end.ofHost('kernel:counters_read', within).at(-1),
  ]
  if (first === undefined || last === undefined || first === last) return null
  return (last.data.values[name] ?? Number.NaN) - (first.data.values[name] ?? Number.NaN)
}

/** `8.8 KB` */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`
}
