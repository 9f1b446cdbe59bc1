/** A session that is left alone, and one that never is. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { STAMP_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import { firstOfEach } from '../../../src/lab/packets.ts'
import { USE_WRITTEN_PART } from '../../../src/protocols/http-session/constants.ts'
import type { HttpSettings } from '../conditions.ts'
import { openBank } from '../customer.ts'

const ASVS = 'OWASP ASVS 5.0'
/** Each session is left alone for another part of the idle limit, and then used once. */
const LEFT_ALONE = [0.5, 0.8, 1.2]

export const expiry: CaseOf<HttpSettings> = {
  id: 'expiry',
  promise: 'one session is left alone, another is kept busy without end',

  async act(rig, pair, { idleMs, absoluteMs, busyEveryMs }) {
    const idle = async () => {
      const { someone } = await openBank(rig, pair, 'idle', { sessions: { idleMs } })
      const leftAlone = LEFT_ALONE.map(async (part) => {
        const alice = someone('alice', {}, `alice ${part}`)
        await alice.signIn()
        await rig.sleep(part * idleMs)
        await alice.visit()
      })
      await Promise.all(leftAlone)
    }
    const absolute = async () => {
      const { someone } = await openBank(rig, pair, 'absolute', { sessions: { idleMs, absoluteMs } })
      const bob = someone('bob')
      await bob.signIn()
      for (let spentMs = 0; spentMs <= absoluteMs + busyEveryMs; spentMs += busyEveryMs) {
        await rig.sleep(busyEveryMs)
        await bob.visit()
      }
    }
    await Promise.all([idle(), absolute()])
  },

  rows: {
    idle(cell) {
      const { idleMs } = cell.settings
      const { b } = cell
      const [lived, ended] = leftAloneMs(cell)
      const expired = b.all('http-session:expired')
      const watchMs = Math.ceil(cell.watch.to - cell.watch.from)
      const notBefore = { min: Math.floor(idleMs * (1 - USE_WRITTEN_PART) - STAMP_MS), max: watchMs }
      return [
        counts(cell, 'lived', { min: 0, max: idleMs + STAMP_MS }, largest(lived), 'ms', {
          claim: 'sessions that were left alone for less than the idle limit live on, and no others',
          formula: `the longest time that one outlived, below the idle limit of ${idleMs} ms`,
          because: `the times of all that lived: ${lived.join(', ')} ms`,
          source: `${ASVS} 7.3.1`,
          evidence: b.all('http-session:used'),
        }),
        counts(cell, 'ended', notBefore, smallest(ended), 'ms', {
          claim: 'those that were left alone for longer have ended, and no others',
          formula: `the shortest time that one did not outlive, not below ${idleMs} ms - 1/${1 / USE_WRITTEN_PART}: the time of its use is written down no more finely`,
          because: `the times of all that ended: ${ended.join(', ')} ms`,
          source: `${ASVS} 7.3.1`,
          short: '401',
          evidence: expired,
        }),
        says(cell, 'reason', 'idle', firstOfEach(expired.map(({ data }) => data.because)).join(', '), {
          claim: 'and that is why the bank refuses it',
          formula: 'as the bank says',
          because: 'a session knows why it has ended; its cookie does not',
          source: `${ASVS} 7.3.1`,
          evidence: expired,
        }),
      ]
    },

    absolute(cell) {
      const { idleMs, absoluteMs } = cell.settings
      const { b } = cell
      const [created, expired] = [b.first('http-session:created'), b.first('http-session:expired')]
      const used = b.all('http-session:used')
      const times = [created, ...used, expired].flatMap((event) => (event === undefined ? [] : [event.time]))
      const longestMs = largest(
        times.slice(1).map((time, index) => Math.round(time - (times[index] ?? time))),
      )
      return [
        counts(
          cell,
          'ended',
          { min: absoluteMs - STAMP_MS, max: absoluteMs + (longestMs ?? 0) + STAMP_MS },
          created && expired && Math.round(expired.time - created.time),
          'ms',
          {
            claim: 'the session ends a fixed time after signing in, although it is in use',
            formula: `${absoluteMs} ms, found at the next visit: up to ${longestMs} ms later`,
            because: `${used.length} visits were answered before`,
            source: `${ASVS} 7.3.2`,
            short: '401',
            evidence: [created, expired],
          },
        ),
        counts(cell, 'busy', { min: 0, max: Math.floor(idleMs * (1 - USE_WRITTEN_PART)) }, longestMs, 'ms', {
          claim: 'it was never left alone for long',
          formula: `the longest time between two visits, below the idle limit of ${idleMs} ms`,
          because: 'so that its idle limit cannot have ended it',
          source: `${ASVS} 7.3.1`,
          evidence: used,
        }),
        says(cell, 'reason', 'absolute', expired?.data.because ?? '', {
          claim: 'and that is why the bank refuses it',
          formula: 'as the bank says',
          because: 'a request starts the idle limit again, but not this one',
          source: `${ASVS} 7.3.2`,
          evidence: [expired],
        }),
      ]
    },
  },
}

/** For how long each session was left alone, from the sign-in to its one visit: those that lived, and the others. */
function leftAloneMs(cell: Cell): [lived: number[], ended: number[]] {
  const { b } = cell
  const visits = [...b.all('http-session:used'), ...b.all('http-session:expired')]
  const seen = b.all('http-session:created').flatMap((created) => {
    const next = visits.find(({ data }) => data.session === created.data.session)
    if (next === undefined) return []
    return [{ ms: Math.round(next.time - created.time), isOver: next.name === 'http-session:expired' }]
  })
  const timesOf = (isOver: boolean) => seen.filter((one) => one.isOver === isOver).map(({ ms }) => ms)
  return [timesOf(false), timesOf(true)]
}

function largest(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.max(...numbers)
}

function smallest(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
