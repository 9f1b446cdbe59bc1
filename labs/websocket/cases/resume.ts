/** A session whose connections die: what was said is delivered once, in order. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, took } from '../../../src/lab/claims.ts'
import { ofKind, sent } from '../../../src/lab/packets.ts'
import { randomFrom } from '../../../src/lab/random.ts'
import type { WebSocketSettings } from '../conditions.ts'
import { RFC_6455 } from '../connection.ts'

/** More draws than the client makes attempts. */
const DRAWS = 20
/** The rest is sent again at once; the client may have to wait for its turn to connect. */
const ALL_SAID = { withinMs: 20_000 }
const SESSION = 'src/protocols/session/README.md'

export const resume: CaseOf<WebSocketSettings> = {
  id: 'resume',
  promise: 'the cable of a talking client is cut and mended, and its session goes on',
  needs: ['network'],

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { timing, messages, everyMs, cutMs, baseMs, capMs } = settings.resume
    const at = await rig.sockets(b).webSocket.serveSessions('session', timing)
    const limits = { baseMs, capMs, jitter: 'full', steadyAfterMs: timing.downAfterMs } as const
    const draws = Array.from({ length: DRAWS }, randomFrom(rig.plan.seed))
    const how = { sessionTiming: timing, limits, draws }
    const session = await rig.sockets(a).webSocket.openSession('session', at, how)
    await rig.untilEvent(a, 'session:state_updated', { where: { new: 'attached' } })
    rig.alive(pair)

    const talking = session.say(messages, everyMs)
    talking.catch(() => {}) // heard below, unless the run ends first
    await rig.sleep(timing.downAfterMs)
    const { sinceMs, undo } = await rig.strike('cut', pair)
    await rig.sleep(sinceMs + cutMs - performance.now())
    await undo()
    await talking
    await rig.untilEvent(a, 'session:message_acknowledged', { where: { number: messages }, ...ALL_SAID })
    rig.endWatch('cut', pair)
  },

  rows: {
    session(cell) {
      const { strike } = cell
      if (strike === undefined) return []
      const { timing, messages } = cell.settings.resume
      const { a, b } = cell
      const since = { from: strike.began }
      const said = a.all('session:message_said')
      const delivered = b.all('session:message_delivered')
      const inPlace = delivered.filter(({ data }, index) => data.text === said[index]?.data.text)
      const found = inPlace.length === delivered.length ? delivered.length : undefined
      const sessions = new Set(delivered.map(({ data }) => data.session))
      const resumed = b.all('session:resumed', since)
      const opened = b.all('websocket:opened')
      const lost = a.all('session:state_updated', since).find(({ data }) => data.new === 'detached')
      // Not a silence of the peer: the end that judges was not running itself.
      const pausedMs = a.pausedMs({ ...since, ...(lost && { to: lost.time }) })
      const soonestMs = timing.downAfterMs - timing.intervalMs - Math.ceil(strike.at - strike.began)
      const span = { minMs: soonestMs, maxMs: timing.downAfterMs + pausedMs }
      const waits = a.all('reconnect:waiting', since)
      const delayMs = waits[0]?.data.delayMs ?? Number.NaN
      const syns = ofKind(sent(a.packets(since)), 'syn')
      return [
        counts(cell, 'delivered', messages, found, 'messages', {
          claim: 'every message is delivered once and in order, including those said while there was no line',
          formula: 'all that were said',
          because: `${said.length} said, ${delivered.length} delivered, ${inPlace.length} in their place, in ${sessions.size} session`,
          source: SESSION,
          evidence: [delivered[0], delivered.at(-1)],
          short: `${delivered.length}/${said.length}`,
        }),
        counts(cell, 'connections', 1 + Math.max(1, resumed.length), opened, 'connections', {
          claim: 'one session, over more than one connection: each resume is one connection more',
          formula: 'the first and one for each resume',
          because: `${resumed.length} resumed; session ${[...sessions].join(', ')}`,
          source: SESSION,
          evidence: [...opened, ...resumed],
        }),
        took(cell, 'noticed', span, strike.at, lost, {
          claim:
            'the session notices by its own heartbeat that its line is dead, long before the kernel would',
          formula: `${timing.downAfterMs} ms of silence, of which up to ${timing.intervalMs} ms before the cut, + ${pausedMs} ms in which this end did not run, + slack`,
          because: lost?.data.because ?? 'it did not notice',
          source: 'src/protocols/heartbeat/detector.ts',
        }),
        took(cell, 'backoff', { minMs: delayMs, maxMs: delayMs }, waits[0], syns === null ? null : syns[0], {
          claim: 'the first attempt to connect again comes when a wait is over that was drawn by chance',
          formula: `${delayMs} ms, drawn from 0 to ${waits[0]?.data.boundMs}, + slack`,
          because: `${waits.length} waits, ${syns?.length} SYNs`,
          source: `${RFC_6455} section 7.2.3; src/protocols/reconnect/backoff.ts`,
        }),
      ]
    },
  },
}
