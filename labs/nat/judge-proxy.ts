/** A proxy: two TCP connections, and what either says of the other. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import { keepaliveGiveUp, type Span } from '../../src/kernel/give-up.ts'
import { type Claim, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Strike, Watch } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { legsAt } from './believers.ts'
import { silenceEnds, timeoutFrom } from './expectations.ts'
import { keepaliveOf, patienceOf } from './measured.ts'

export function proxyClaims(
  log: LabLog,
  plan: Plan,
  id: string,
  row: 'front' | 'back',
  watch: Watch,
): (TimedClaim | null)[] {
  const strike = log.strikeOn(id)
  const a = hostName(id, 'a')
  // Hello, and what the client asks when its server is gone.
  const [, asked, askedAgain] = log.all('tcp:written', { host: a, mechanism: 'front' })
  if (strike === undefined || asked === undefined) return []
  const proxy: Proxy = { log, plan, id, a, watch, strike, asked, askedAgain }
  return row === 'front' ? frontClaims(proxy) : backClaims(proxy)
}

interface Proxy {
  log: LabLog
  plan: Plan
  id: string
  /** The host of client and proxy. */
  a: string
  watch: Watch
  strike: Strike
  asked: LabEvent
  askedAgain: LabEvent | undefined
}

function timed(
  { id }: Proxy,
  row: 'front' | 'back',
  what: string,
  [from, to]: [number, number],
  claim: Omit<Claim, 'id' | 'evidence'>,
  ...evidence: (LabEvent | undefined)[]
): TimedClaim {
  const addresses = evidence.flatMap((event) => (event === undefined ? [] : [addressOf(event)]))
  return { claim: { ...claim, id: `${id}/${row}/${what}`, evidence: addresses }, from, to }
}

/** The connection that the client has: to the proxy, and to nobody else. */
function frontClaims(proxy: Proxy): (TimedClaim | null)[] {
  const { log, a, strike, asked, askedAgain, watch } = proxy
  const keepalive = keepaliveOf(log, a, 'front')
  const doubt = log.first('belief:updated', { host: a, mechanism: 'front', from: strike.at, to: asked.time })
  const info = log.last('kernel:tcp_info_read', { host: a, mechanism: 'front', to: asked.time })
  const watchedMs = Math.round(asked.time - strike.at)
  const limitMs = keepalive === null ? null : keepaliveGiveUp(keepalive).maxMs
  return [
    timed(
      proxy,
      'front',
      'unnoticed',
      [strike.at, asked.time],
      {
        claim: 'the keepalive of the client stays happy while the server is gone',
        formula: `nothing, for longer than keepalive would take${limitMs === null ? '' : ` (at most ${limitMs / 1000} s)`}`,
        expected: { value: null },
        observed: doubt === undefined ? { value: null, watchedMs } : { value: doubt.data.trigger },
        because: `true was: its server is ${log.truthAt(a, asked.time)}`,
        source: 'RFC 9293 3.8.4: keepalive asks the other kernel, which is the one of the proxy',
        short: doubt === undefined ? 'GHOST' : 'NOTICED',
      },
      doubt,
    ),
    info === undefined || limitMs === null || watchedMs < limitMs
      ? null
      : timed(
          proxy,
          'front',
          'answered',
          [strike.at, asked.time],
          {
            claim: 'its probes are answered, by the kernel of the proxy',
            formula: `after ${watchedMs} ms, where ${limitMs} ms without an answer end it`,
            expected: { oneOf: ['ESTABLISHED, 0 unanswered'] },
            observed: { value: `${info.data.state}, ${info.data.unansweredProbes} unanswered` },
            because: 'a proxy ends every connection itself and opens another',
            source: 'tcp(7), TCP_INFO',
          },
          info,
        ),
    truthsClaim(proxy),
    askedAgain === undefined ? null : lostRequest(proxy, askedAgain),
    askedAgain === undefined ? null : toldInTheEnd(proxy, askedAgain),
    askedAgain === undefined && watch.complete ? toldWhenBackGaveUp(proxy) : null,
  ]
}

/** Where kernels are sampled: the two connections beside each other. */
function truthsClaim(proxy: Proxy): TimedClaim | null {
  const { log, id, a, asked, strike } = proxy
  if (log.first('kernel:sampling_started') === undefined) return null
  const { front, back } = legsAt(log, id, asked.time)
  const killed = strike.fault === 'kill'
  return timed(proxy, 'front', 'two-truths', [strike.at, asked.time], {
    claim: 'one host, two connections, two truths; and the client has one of them',
    formula: killed
      ? 'FIN came on one of them, and nothing on the other'
      : 'nothing came on either: to be switched off sends no packet',
    expected: { oneOf: [`front ESTABLISHED, back ${killed ? 'CLOSE-WAIT' : 'ESTABLISHED'}`] },
    observed: { value: `front ${front?.state ?? 'gone'}, back ${back?.state ?? 'gone'}` },
    because: `the client believes ${log.beliefAt(a, 'front', asked.time)}; its server is ${log.truthAt(a, asked.time)}`,
    source: 'RFC 9293 3.3.2',
  })
}

function lostRequest(proxy: Proxy, again: LabEvent): TimedClaim {
  const { log, a, asked } = proxy
  const about = { host: a, mechanism: 'front', from: asked.time, to: again.time }
  const heard = log.first('belief:updated', about) ?? log.first('tcp:received', about)
  const forwarded = log.first('relay:forwarded', { ...about, from: asked.time - STAMP_MS })
  return timed(
    proxy,
    'front',
    'first-request',
    [asked.time, again.time],
    {
      claim: 'the first request is taken, and lost without a word',
      formula: 'nothing, until the client speaks again',
      expected: { value: null },
      observed:
        heard === undefined
          ? { value: null, watchedMs: Math.round(again.time - asked.time) }
          : { value: heard.name },
      because:
        forwarded === undefined
          ? 'the proxy passed nothing on'
          : 'the proxy passed it on; that it was answered with RST it learns when it writes again',
      source: 'write(2): what a kernel takes is not what a program got',
    },
    asked,
    forwarded,
  )
}

function toldInTheEnd(proxy: Proxy, again: LabEvent): TimedClaim {
  const { log, a, watch } = proxy
  const down = log.first('belief:updated', {
    host: a,
    mechanism: 'front',
    from: again.time - STAMP_MS,
    to: watch.to,
  })
  return timed(
    proxy,
    'front',
    'told',
    [again.time, down?.time ?? watch.to],
    {
      claim: 'with the second request the proxy notices, and resets the client',
      formula: '0 .. slack after the write',
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed:
        down?.data.trigger === 'econnreset'
          ? { value: Math.max(0, Math.round(down.time - again.time)), unit: 'ms' }
          : { value: down?.data.trigger ?? 'nothing' },
      because: becauseOf(proxy),
      source: 'write(2) EPIPE, RFC 9293 3.10.7.1',
    },
    again,
    down,
  )
}

function toldWhenBackGaveUp(proxy: Proxy): TimedClaim | null {
  const { log, a, asked, watch } = proxy
  const down = log.first('belief:updated', { host: a, mechanism: 'front', from: asked.time, to: watch.to })
  const span = backEnds(proxy)
  if (span === null) return null
  return timed(
    proxy,
    'front',
    'told',
    [asked.time, down?.time ?? watch.to],
    {
      claim: 'the client is told when the proxy gives up on its other connection, by RST',
      formula: span.formula,
      expected: span.expected,
      observed:
        down?.data.trigger === 'econnreset'
          ? { value: Math.round(down.time - asked.time), unit: 'ms' }
          : { value: down?.data.trigger ?? 'nothing' },
      because: becauseOf(proxy),
      source: 'tcp_write_timeout(), RFC 9293 3.10.7.1',
    },
    asked,
    down,
  )
}

/** The connection that the proxy has with the server. */
function backClaims(proxy: Proxy): (TimedClaim | null)[] {
  const { log, id, asked, strike, a, watch } = proxy
  const sampled = log.first('kernel:sampling_started') !== undefined
  const { back } = legsAt(log, id, asked.time)
  if (strike.fault === 'kill') {
    if (!sampled) return []
    return [
      timed(proxy, 'back', 'state', [strike.at, asked.time], {
        claim: 'the kernel of the proxy was told at once that its server is gone',
        formula: 'FIN arrived, the proxy has not closed',
        expected: { oneOf: ['CLOSE-WAIT'] },
        observed: { value: back?.state ?? 'gone' },
        because: 'SIGKILL: the kernel of the dead says goodbye',
        source: 'RFC 9293 3.3.2',
        short: back?.state === 'CLOSE-WAIT' ? 'FIN' : '-',
      }),
    ]
  }
  const span = backEnds(proxy)
  const closed = log.first('relay:closed', { host: a, mechanism: 'front', from: asked.time, to: watch.to })
  if (span === null) return []
  return [
    timed(
      proxy,
      'back',
      'gave-up',
      [asked.time, closed?.time ?? watch.to],
      {
        claim: 'the proxy learns nothing until it passes a request on; then its kernel gives up',
        formula: span.formula,
        expected: span.expected,
        observed:
          closed?.data.because.startsWith('ETIMEDOUT') === true
            ? { value: Math.round(closed.time - asked.time), unit: 'ms' }
            : { value: closed?.data.because ?? 'nothing' },
        because: closed?.data.because ?? 'it did not give up',
        source: 'tcp_write_timeout(), net.ipv4.tcp_retries2',
        short: closed?.data.because.startsWith('ETIMEDOUT') === true ? 'TIMEOUT' : '-',
      },
      asked,
      closed,
    ),
  ]
}

/** When retransmissions end on the connection of the proxy, from what was captured of them. */
function backEnds({ log, plan, a, asked, watch }: Proxy) {
  const sent = log
    .all('packet:captured', { host: a, mechanism: 'back', from: asked.time - STAMP_MS, to: watch.to })
    .filter(({ data }) => data.direction === 'sent' && data.bytes > 0)
  const patience = patienceOf(log, plan, a)
  const again = sent.slice(1).map(({ time }) => time - (sent[0]?.time ?? 0))
  const timeout = timeoutFrom(again, patience.jiffyMs)
  if (timeout === null) return null
  const [earliest, latest] = [timeout.minMs, timeout.maxMs].map((retransmissionTimeoutMs) =>
    silenceEnds({ ...patience, retransmissionTimeoutMs, roundTripMs: 0, userTimeoutMs: 0 }),
  ) as [Span, Span]
  return {
    formula: `RTO ${timeout.minMs} .. ${timeout.maxMs} ms, tcp_retries2 = ${patience.retries2}, + slack`,
    expected: {
      min: Math.floor(earliest.minMs - STAMP_MS),
      max: Math.ceil(latest.maxMs + SLACK_MS),
      unit: 'ms',
    },
  }
}

function becauseOf({ log, a, asked, watch }: Proxy): string {
  const closed = log.first('relay:closed', { host: a, mechanism: 'front', from: asked.time, to: watch.to })
  return `the proxy: ${closed?.data.because ?? 'has not given up'}`
}
