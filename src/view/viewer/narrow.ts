/**
 * A ladder for a narrow screen: what one end believes, and the wire with every packet. The whole of it would be
 * four telephones wide, and at the left edge of that there are no packets at all.
 */
import type { Arrow, Column, ColumnName, Ladder, Lane } from '../ladder.ts'

/** Below this the whole ladder is not readable without scrolling sideways through most of it. */
export const NARROW_PX = 640
/** Even where there is less room: then the picture becomes smaller. */
const WIDTH_MIN = 310
/** The seconds are where they are in every ladder. */
const AXIS = 66
const BELIEF = 84
/** Belief against truth as a strip: how long it lasted is said in words beside the picture. */
const STRIP = 14
const GAP = 6
const LANE_GAP = 12
const EDGE = 8
/** A character of an arrow's label, and the least distance of two labels. */
const CHARACTER = 5.8
const LABEL_STEP = 11
const FAULT_STRIP = 30
const NOTE = 'Drawn for a narrow screen: what was true, what kernels held and timers are in the table below.'

/** @param room pixels there are @param role the end that is drawn */
export function narrowed(whole: Ladder, role: Lane['role'], room: number): Ladder {
  const width = Math.max(WIDTH_MIN, room)
  const columnsWidth = BELIEF + GAP + STRIP + LANE_GAP
  const isClient = role === 'client'
  const [from, to] = isClient
    ? [AXIS + columnsWidth, width - EDGE]
    : [AXIS + EDGE, width - EDGE - columnsWidth]
  const [client, server] = whole.lanes
  const x = (at: number) => from + ((at - client.x) / (server.x - client.x)) * (to - from)
  const belief: Column = { x: isClient ? AXIS + STRIP + GAP : to + LANE_GAP, width: BELIEF }
  const strip: Column = { x: isClient ? AXIS : to + LANE_GAP + BELIEF + GAP, width: STRIP }
  const own = isClient ? client : server
  const lane = (one: Lane): Lane => {
    const columns: Record<ColumnName, Column> = { ...NO_COLUMNS }
    return {
      ...one,
      x: one === client ? from : to,
      columns: one === own ? { ...columns, belief, disagreement: strip } : columns,
    }
  }
  const ofOwn = <T extends { host: string }>(list: readonly T[], column: Column) =>
    list.filter(({ host }) => host === own.host).map((one) => ({ ...one, ...column }))
  const between = <T extends Column>(one: T): T => ({
    ...one,
    x: x(one.x),
    width: x(one.x + one.width) - x(one.x),
  })
  return {
    ...whole,
    width,
    lanes: [lane(client), lane(server)],
    beliefs: ofOwn(whole.beliefs, belief),
    disagreements: ofOwn(whole.disagreements, strip),
    truths: [],
    kernels: [],
    kernelMarks: [],
    timers: [],
    groups: whole.groups.map(between),
    faults: whole.faults.map((fault) =>
      fault.inTheWire ? between(fault) : { ...fault, ...besideLane(fault.x === client.x, from, to) },
    ),
    arrows: labelled(
      whole.arrows.map((arrow) => ({
        ...arrow,
        from: { ...arrow.from, x: x(arrow.from.x) },
        to: { ...arrow.to, x: x(arrow.to.x) },
      })),
      (from + to) / 2,
      Math.floor((to - from) / CHARACTER),
    ),
    notes: [...whole.notes, NOTE],
  }
}

const NOWHERE: Column = { x: 0, width: 0 }
const NO_COLUMNS: Record<ColumnName, Column> = {
  timers: NOWHERE,
  truth: NOWHERE,
  disagreement: NOWHERE,
  belief: NOWHERE,
  kernel: NOWHERE,
}

function besideLane(isClient: boolean, from: number, to: number): Column {
  return { x: isClient ? from : to - FAULT_STRIP, width: FAULT_STRIP }
}

/** One label a line of text, in the middle: there is no room for two side by side. */
function labelled(arrows: readonly Arrow[], middle: number, charactersMax: number): Arrow[] {
  let last = Number.NEGATIVE_INFINITY
  return arrows.map((arrow) => {
    const y = (arrow.from.y + arrow.to.y) / 2 - 3
    const isFree = arrow.labelAt !== null && y - last >= LABEL_STEP
    if (isFree) last = y
    const label =
      arrow.label.length <= charactersMax ? arrow.label : `${arrow.label.slice(0, charactersMax - 1)}\u2026`
    return { ...arrow, label, labelAt: isFree ? { x: middle, y } : null }
  })
}
