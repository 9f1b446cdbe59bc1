/** b stops at moments that nobody can know, which is a crash to those who listen, and comes back for the next. */
import { LATE_MS } from '../../../src/faults/on-cable.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS, STAMP_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import { randomFrom } from '../../../src/lab/random.ts'
import { crashesOf, detectionsOf, mean, type Stream } from '../arrivals.ts'
import { ALIVE_MS, CRASHED_MS, type LateSettings } from '../conditions.ts'
import type { Cell } from '../conversation.ts'
import { openStream, streamRows } from '../detectors.ts'
import { detection, PAPER, Z } from '../theory.ts'

export const crash: CaseOf<LateSettings> = {
  id: 'crash',
  promise: 'the same jitter, and the sender stops again and again, at random moments',
  needs: ['signals'],
  middle: 'cable',

  async act(rig, pair, settings) {
    const { crashes, intervalMs } = settings.stream
    const random = randomFrom(rig.plan.seed)
    const sender = await openStream(rig, pair, settings, 0)
    const enough = Math.ceil((2 * crashes * (CRASHED_MS + ALIVE_MS + intervalMs)) / intervalMs)
    // It ends when its socket is closed.
    const sending = sender.send({ count: enough, intervalMs })
    sending.catch(() => {}) // heard below, unless the run ends first
    for (let crash = 0; crash < crashes; crash++) {
      await rig.sleep(ALIVE_MS + random() * intervalMs)
      pair.b.process?.signal('SIGSTOP')
      rig.truth(pair.a, 'frozen', 'SIGSTOP')
      await rig.sleep(CRASHED_MS)
      rig.truth(pair.a, 'answering', 'SIGCONT')
      pair.b.process?.signal('SIGCONT')
    }
    await rig.sleep(ALIVE_MS)
    await sender.close()
    await sending
  },

  rows: streamRows((cell, stream) => [silentWhileStopped(cell, stream)], detections),
}

/** By its own network card; where that was not watched, by what was heard. */
function silentWhileStopped(cell: Cell, { packets, traffic, evidence, heardAt }: Stream) {
  const crashes = crashesOf(cell)
  const times = packets?.left.map(({ time }) => time) ?? heardAt
  // What is under way when the sender stops still arrives.
  const afterMs = (packets === null ? traffic.jitterMs : 0) + STAMP_MS
  const during = times.filter((time) =>
    crashes.some(({ at, until }) => time > at + afterMs && time < until - STAMP_MS),
  )
  // Between two stops it sends: otherwise its silence says nothing.
  const isSeen = crashes.every(({ until }, index) => {
    const next = crashes[index + 1]?.at ?? cell.watch.to
    return times.some((time) => time >= until && time <= next)
  })
  const canSee = crashes.length > 0 && isSeen
  return counts(cell, 'silent', 0, canSee ? during.length : undefined, 'heartbeats', {
    claim: 'a sender that has stopped sends nothing',
    formula: `no heartbeat ${packets === null ? 'is heard' : 'leaves its network card'} while it is stopped`,
    because: `it was stopped ${crashes.length} times, and heartbeats were ${canSee ? '' : 'not '}seen after each of them; ${times.length} in all`,
    source: 'signal(7), SIGSTOP',
    evidence,
  })
}

function detections(cell: Cell, { traffic, evidence }: Stream, limitMs: number): Claims {
  const times = detectionsOf(cell)
  const detected = times.filter((time) => time !== null)
  const { minMs, maxMs, meanMs, deviationMs } = detection(limitMs, traffic)
  const spread = (Z * deviationMs) / Math.sqrt(Math.max(1, detected.length))
  const [average, worst] =
    detected.length === 0 ? [] : [Math.round(mean(detected)), Math.round(Math.max(...detected))]
  const possible = { min: Math.max(0, Math.floor(minMs - STAMP_MS)), max: Math.ceil(maxMs + SLACK_MS) }
  const likely = {
    min: Math.max(0, Math.floor(meanMs - spread - LATE_MS)),
    max: Math.ceil(meanMs + spread + LATE_MS),
  }
  return [
    counts(cell, 'complete', cell.settings.stream.crashes, detected.length, 'crashes', {
      claim: 'every crash is suspected in the end',
      formula: 'as many as there were crashes',
      because: `the sender stopped ${times.length} times`,
      source: 'Chandra, Toueg, JACM 43(2), 1996 (strong completeness)',
      evidence,
    }),
    counts(cell, 'worst', possible, worst, 'ms', {
      claim: 'even the slowest suspicion comes in time',
      formula: `limit - interval .. limit + jitter + slack = ${Math.round(minMs)} .. ${Math.round(maxMs)} ms + slack`,
      because: `of ${detected.length}`,
      source: `${PAPER} (detection time)`,
      evidence,
      short: worst === undefined ? 'nothing' : `${worst} ms`,
    }),
    counts(cell, 'detection', likely, average, 'ms', {
      claim: 'on average a crash is suspected as soon as chance says',
      formula: `limit + jitter / 2 - interval / 2 = ${Math.round(meanMs)} ms, +-${Z} sd / sqrt(${detected.length}), +-${LATE_MS} ms`,
      because: `${detected.map((time) => Math.round(time)).join(', ')} ms`,
      source: `${PAPER} (detection time)`,
      evidence,
    }),
  ]
}
