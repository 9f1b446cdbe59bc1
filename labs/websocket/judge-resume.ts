/** A session whose connections die: what was said is delivered once, in order. */
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { type Cell, RFC_6455 } from './cell.ts'
import { exactly } from './judge-upgrade.ts'

const SESSION = 'src/protocols/session/README.md'

export function resumeClaims(cell: Cell): (TimedClaim | null)[] {
  const strike = cell.log.strikes.find(({ pair }) => pair === cell.id)
  if (strike === undefined) return []
  const { a, b, log, watch } = cell
  const whole = [watch.from, watch.to] as const
  const { timing, messages } = cell.plan.settings.resume
  const said = log.all('session:message_said', { host: a })
  const delivered = log.all('session:message_delivered', { host: b })
  const lost = log
    .all('session:state_updated', { host: a, from: strike.began })
    .find(({ data }) => data.new === 'detached')
  const resumed = log.all('session:resumed', { host: b, from: strike.began })
  const opened = log.all('websocket:opened', { host: b, mechanism: cell.row })
  const waits = log.all('reconnect:waiting', { host: a, from: strike.began })
  const syns = cell.log
    .all('packet:captured', { host: a, mechanism: cell.row, from: strike.began })
    .filter(({ data }) => data.kind === 'syn' && data.direction === 'sent')
  const [firstWait] = waits
  // In which the end that judges did not run itself: no silence of its peer.
  const pausedMs = log
    .all('detector:paused', { host: a, from: strike.began, to: lost?.time ?? watch.to })
    .reduce((sum, { data }) => sum + data.pausedMs, 0)
  const inOrder = delivered.every(({ data }, index) => data.text === said[index]?.data.text)
  const sessions = new Set(delivered.map(({ data }) => data.session))
  return [
    cell.timed('delivered', whole, {
      claim: 'every message is delivered once and in order, the ones said while there was no line too',
      formula: 'all that were said',
      expected: exactly(messages, 'messages'),
      observed: {
        value: inOrder && delivered.length === said.length ? delivered.length : -1,
        unit: 'messages',
      },
      because: `${said.length} said, ${delivered.length} delivered, ${inOrder ? 'in order' : 'not in order'}, in ${sessions.size} session`,
      source: SESSION,
      evidence: [delivered[0], delivered.at(-1)],
      short: `${delivered.length}/${said.length}`,
    }),
    cell.timed('connections', whole, {
      claim: 'one session, over more than one connection: each resume is one connection more',
      formula: 'the first and one for each resume',
      expected: exactly(1 + Math.max(1, resumed.length), 'connections'),
      observed: { value: opened.length, unit: 'connections' },
      because: `${resumed.length} resumed; session ${[...sessions].join(', ')}`,
      source: SESSION,
      evidence: [...opened, ...resumed],
    }),
    lost
      ? cell.timed('noticed', [strike.began, lost.time], {
          claim:
            'the session notices by its own heartbeat that its line is dead, long before the kernel would',
          formula: `${timing.downAfterMs} ms of silence, of which up to ${timing.intervalMs} ms before the cut, + ${pausedMs} ms in which this end did not run, + slack`,
          expected: {
            min: timing.downAfterMs - timing.intervalMs - STAMP_MS - (strike.at - strike.began),
            max: timing.downAfterMs + pausedMs + SLACK_MS,
            unit: 'ms',
          },
          observed: { value: Math.round(lost.time - strike.at), unit: 'ms' },
          because: lost.data.because,
          source: 'src/protocols/heartbeat/detector.ts',
          evidence: [lost],
        })
      : null,
    firstWait && cell.hasPackets
      ? cell.timed('backoff', [firstWait.time, syns[0]?.time ?? watch.to], {
          claim: 'the first attempt to connect again comes when a wait is over that was drawn by chance',
          formula: `${firstWait.data.delayMs} ms, drawn from 0 to ${firstWait.data.boundMs}, + slack`,
          expected: {
            min: firstWait.data.delayMs - STAMP_MS,
            max: firstWait.data.delayMs + SLACK_MS,
            unit: 'ms',
          },
          observed: {
            value: syns[0] === undefined ? null : Math.round(syns[0].time - firstWait.time),
            unit: 'ms',
          },
          because: `${waits.length} waits, ${syns.length} SYNs`,
          source: `${RFC_6455} section 7.2.3; src/protocols/reconnect/backoff.ts`,
          evidence: [firstWait, syns[0]],
        })
      : null,
  ]
}
