/** HTTP sessions beside them: what does somebody cost who is known, and not connected? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Cell, cellOf } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import type { ScaleSettings } from '../conditions.ts'
import { joinInSteps } from '../crowd.ts'
import { MEMORY_NOISE_BYTES } from '../expectations.ts'
import { costOf, kilobytes } from '../measured.ts'
import { descriptors } from './idle.ts'

export const sessions: CaseOf<ScaleSettings> = {
  id: 'sessions',
  promise: 'as many visitors sign in by HTTP, a tenth of them at a time; later each comes again',
  inTurn: true,
  uncaptured: true,

  async act(rig, pair, settings) {
    const { a, b } = pair
    const at = await rig.sockets(b).crowd.serveSessions('http')
    rig.mark(pair, 'growing')
    await joinInSteps(rig, pair, 'http', settings, (count) => rig.sockets(a).crowd.signIn('http', at, count))
    rig.mark(pair, 'grown')
    await rig.sockets(a).crowd.visit('http', at, settings.connections)
  },

  rows: {
    http: (cell) => [descriptors(cell, 0), known(cell), cheaper(cell)],
  },
}

function known(cell: Cell<ScaleSettings>): Claims[number] {
  const recognised = cell.a.last('crowd:recognised')
  return counts(cell, 'known', cell.settings.connections, recognised?.data.peers, 'sessions', {
    claim: 'and each of them is known when it comes again, over another connection',
    formula: 'as many as signed in',
    because: 'the cookie says who it is, whatever it comes by',
    source: 'RFC 6265 section 1',
    evidence: [recognised],
    short: `${recognised?.data.peers ?? 0}`,
  })
}

function cheaper(cell: Cell<ScaleSettings>): Claims[number] {
  const bareCell = cellOf(cell.log, cell.plan, 'idle/tcp')
  const [own, bare] = [costOf(cell), bareCell && costOf(bareCell)]
  const noise = MEMORY_NOISE_BYTES / cell.settings.connections
  const whole = (bare?.user ?? 0) + (bare?.kernel ?? 0)
  return counts(
    cell,
    'memory',
    { min: Math.floor(-noise), max: Math.ceil(whole) },
    bare === null ? null : (own ?? undefined) && Math.round(own?.user ?? 0),
    'bytes',
    {
      claim: 'a session costs less than a connection',
      formula: `less than the ${kilobytes(whole)} of an idle connection, program and kernel; give or take ${kilobytes(noise)}`,
      because: 'an id, and a line in a map; nothing of it is in any kernel',
      source: "what is in use of V8's heap and of malloc(3) (mallinfo(3)), after the garbage was collected",
      unseen: 'connections were not looked at in this run',
    },
  )
}
