/** One row of a case, as the log has it: its connections, what its client was told, what passed. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type EventName, type EventOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { BusyConnection, Span } from '../../src/kernel/give-up.ts'
import { Cell as LabCell } from '../../src/lab/cell.ts'
import { type Claim, SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Watch } from '../../src/lab/log.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { BROWSER, saidByPage } from '../../src/rig/browser.ts'
import type { WebSocketRow, WebSocketSettings } from './conditions.ts'
import { measuredBySs } from './expectations.ts'

export const RFC_6455 = 'RFC 6455'
export const HTML = 'HTML Living Standard, the WebSocket interface (websockets.spec.whatwg.org)'

/** Something that the client of a row said about one of its connections. */
export interface ClientLine {
  time: number
  event: LabEvent
  what: string
  path: string | undefined
  /** As the page put it, or as ws has it. */
  detail: Record<string, unknown>
}

export class Cell {
  readonly log: LabLog
  readonly plan: Plan<WebSocketSettings>
  readonly id: string
  readonly row: WebSocketRow
  readonly watch: Watch
  readonly a: string
  readonly b: string
  /** All that the page has said, in order; empty for ws. */
  readonly said: ClientLine[]

  constructor(log: LabLog, plan: Plan<WebSocketSettings>, id: string, row: WebSocketRow, watch: Watch) {
    this.log = log
    this.plan = plan
    this.id = id
    this.row = row
    this.watch = watch
    this.a = hostName(id, 'a')
    this.b = hostName(id, 'b')
    this.said = row === 'page' ? pageLines(log, this.a) : []
  }

  /** Every packet of the case is in the log, at both ends: without that, silence proves nothing. */
  get hasPackets(): boolean {
    const { log, plan, id, row, watch } = this
    const cell = new LabCell(log, plan, { case: id, row }, watch)
    return (['a', 'b'] as const).every((side) => cell.at(side).whyUnwatched() === null)
  }

  /** The connection on a path; undefined when there is none. */
  groupOf(path: string): string | undefined {
    return this.log
      .all('websocket:opened', { host: this.b, mechanism: this.row })
      .find(({ data }) => data.path === path)?.group_id
  }

  /** The events of one connection at a host. */
  events<N extends EventName>(name: N, host: string, path: string, from = 0, to = Infinity): EventOf<N>[] {
    const group = this.groupOf(path)
    return this.log.all(name, { host, from, to }).filter(({ group_id }) => group_id === group)
  }

  packets(host: string, direction: 'sent' | 'received', path: string, from = 0, to = Infinity) {
    return this.events('packet:captured', host, path, from, to).filter(
      ({ data }) => data.direction === direction,
    )
  }

  /** When the client was told that a connection is over, and with which code. */
  told(path: string): { time: number; code: number; event: LabEvent } | undefined {
    if (this.row === 'page') {
      const line = this.said.find((one) => one.what === 'close' && one.path === path)
      return line && { time: line.time, code: Number(line.detail.code), event: line.event }
    }
    const [event] = this.events('websocket:close_received', this.a, path)
    return event && { time: event.time, code: event.data.code, event }
  }

  /** The first time that the client wrote or ended, as an order said or as the lab asked, from a moment on. */
  did(what: 'sent' | 'closing' | 'terminated', path: string, from: number) {
    if (this.row === 'page') {
      return this.said.find((line) => line.what === what && line.path === path && line.time >= from)
    }
    if (what === 'sent') return this.events('websocket:message_sent', this.a, path, from)[0]
    const call = what === 'closing' ? 'close' : 'terminate'
    return this.events('websocket:ended_by', this.a, path, from).find(({ data }) => data.call === call)
  }

  /** What the object at the client says of itself, each time it was looked at. */
  states(
    path: string,
    from: number,
    to = Infinity,
  ): { time: number; readyState: string; bufferedBytes: number }[] {
    if (this.row === 'page') {
      return this.said
        .filter(({ what, time }) => what === 'states' && time >= from && time <= to)
        .flatMap(({ time, detail }) =>
          (detail.sockets as { path: string; readyState: string; bufferedBytes: number }[])
            .filter((socket) => socket.path === path)
            .map((socket) => ({ time, ...socket })),
        )
    }
    return this.events('websocket:state_read', this.a, path, from, to).map(({ time, data }) => ({
      time,
      ...data,
    }))
  }

  /** What the client's kernel had measured of a connection, last before a moment; null where it did not tell. */
  busy(path: string, to: number): BusyConnection | null {
    const name = { case: this.id, row: this.row }
    const patience = new LabCell(this.log, this.plan, name, this.watch).at('a').patience()
    if (this.row === 'page') {
      const lines = this.log
        .all('command:said', { host: this.a, to })
        .filter(({ program }) => program === 'ss')
        .map(({ data }) => data.line)
      // The same connection may be in it twice: the later counts.
      const port = Number(this.groupOf(path)?.split(':')[1] ?? 0)
      const measured = measuredBySs(
        lines.slice(lines.findLastIndex((line) => line.includes(`:${port} `))),
        port,
      )
      return measured && { ...measured, ...patience, userTimeoutMs: 0 }
    }
    const info = this.events('kernel:tcp_info_read', this.a, path, 0, to).at(-1)?.data
    if (info === undefined) return null
    const { retransmissionTimeoutMs, roundTripMs } = info
    return { retransmissionTimeoutMs, roundTripMs, ...patience, userTimeoutMs: 0 }
  }

  timed(
    what: string,
    [from, to]: readonly [number, number],
    claim: Omit<Claim, 'id' | 'evidence'> & { evidence?: readonly (LabEvent | undefined)[] },
  ): TimedClaim {
    const evidence = (claim.evidence ?? []).flatMap((event) =>
      event === undefined ? [] : [addressOf(event)],
    )
    return { claim: { ...claim, id: `${this.id}/${this.row}/${what}`, evidence }, from, to }
  }
}

/** A time that lies in a span, with the slack of all. */
export function within({ minMs, maxMs }: Span): { min: number; max: number; unit: 'ms' } {
  return { min: Math.max(0, Math.floor(minMs - STAMP_MS)), max: Math.ceil(maxMs + SLACK_MS), unit: 'ms' }
}

export function msBetween(
  from: number | undefined,
  to: number | undefined,
): { value: number | null; unit: 'ms' } {
  return { value: from === undefined || to === undefined ? null : Math.round(to - from), unit: 'ms' }
}

function pageLines(log: LabLog, host: string): ClientLine[] {
  return log
    .all('command:said', { host })
    .filter(({ program }) => program === BROWSER)
    .flatMap((event) => {
      const detail = saidByPage(event.data.line)
      if (detail === undefined) return []
      const path = typeof detail.path === 'string' ? detail.path : undefined
      return [{ time: event.time, event, what: String(detail.what), path, detail }]
    })
}
