/** Connections that only exist: what does each cost? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import type { ScaleSettings } from '../conditions.ts'
import { joinInSteps, joining, sourcesAt } from '../crowd.ts'
import { MEMORY_NOISE_BYTES, sameAgain, slope, typicalStep } from '../expectations.ts'
import { costOf, growth, kernelPoints, kilobytes, programPoints, warm } from '../measured.ts'

export const idle: CaseOf<ScaleSettings> = {
  id: 'idle',
  promise: 'connections are opened, a tenth of them at a time, and nobody says anything',
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const at = await rig.sockets(b).crowd.serve('tcp', { port: 0, backlog: settings.restart.backlog })
    const sources = await sourcesAt(rig, b, a, settings.connections)
    rig.mark(pair, 'growing')
    await joinInSteps(rig, pair, 'tcp', settings, joining(rig, a, 'tcp', at, sources))
    rig.mark(pair, 'grown')
    await Promise.all([rig.sockets(a).crowd.leave('tcp'), rig.sockets(b).crowd.leave('tcp')])
  },

  rows: {
    tcp: (cell) => [descriptors(cell, cell.settings.connections), memory(cell), kernelMemory(cell)],
  },
}

/** @param more how many descriptors the server should hold more than before */
export function descriptors(cell: Cell<ScaleSettings>, more: number): Claims[number] {
  const measured = growth(cell)
  const [first, last] = [measured[0], measured.at(-1)]
  const [before, after] = [first?.data.descriptors, last?.data.descriptors]
  const isHidden = before === null || after === null
  const found = before == null || after == null ? undefined : after - before
  const held = `${last?.data.held ?? 0} of them`
  return counts(cell, 'descriptors', more, isHidden ? null : found, 'descriptors', {
    claim:
      more === 0
        ? 'none of them takes a descriptor of the server'
        : 'each takes one descriptor of the server',
    formula: more === 0 ? `${held}, and no connection` : `${more} connections x 1`,
    because:
      more === 0
        ? 'a session is a line in the memory of a program: between two requests there is no socket'
        : 'a connection is a socket of its own, and a socket is an open file',
    source: 'proc_pid_fd(5); socket(2)',
    evidence: [first, last],
    unseen: 'this system does not show the descriptors of a process',
  })
}

const HALVES = `as much as each of the first half, give or take a half and ${MEMORY_NOISE_BYTES / 2 ** 20} MB of all`

/** What each costs its program does not depend on how many there are. */
export function memory(cell: Cell<ScaleSettings>): Claims[number] {
  const measured = warm(cell)
  const { expected, seen } = sameAgain(programPoints(measured), slope)
  const cost = costOf(cell)
  const each = cost === null ? '?' : kilobytes(cost.user)
  return counts(cell, 'memory', expected, measured.length === 0 ? undefined : seen, 'bytes', {
    claim: 'each connection costs the program of the server as much as the one before',
    formula: HALVES,
    because: `by all of them ${each}: objects of Node, a handle of libuv, their buffers`,
    source: "what is in use of V8's heap and of malloc(3) (mallinfo(3)), after the garbage was collected",
    evidence: measured,
    short: each,
  })
}

/** The same of its kernel. Only where nobody before has left memory that is free again, and is used first. */
function kernelMemory(cell: Cell<ScaleSettings>): Claims[number] {
  const measured = warm(cell)
  const points = kernelPoints(measured)
  const { expected, seen } = sameAgain(points ?? [], typicalStep)
  const each = costOf(cell)?.kernel
  return counts(cell, 'kernel', expected, points && (measured.length === 0 ? undefined : seen), 'bytes', {
    claim: 'and its kernel as much, beside that, for each end',
    formula: HALVES,
    because: `by all of them ${each == null ? '?' : kilobytes(each)}: the socket and its file (its inode is among what is not counted); no buffer, since nothing waits`,
    source:
      'proc_meminfo(5): SUnreclaim of the whole machine, half of it for either end; the middle of all steps',
    evidence: measured,
    unseen: 'only Linux says what its kernel keeps',
  })
}
