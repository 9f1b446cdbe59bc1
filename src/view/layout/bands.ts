/** What each end believed, what its kernel held, and what was true: each a row of spans without a hole. */
import { addressOf, type KernelSocket } from '../../events/vocabulary.ts'
import type { BeliefBand, KernelBand, KernelMark, TruthBand } from '../ladder.ts'
import type { Scene, SocketEvent } from './scene.ts'

/** A span before it has a place. */
type Placeless<T> = Omit<T, 'x' | 'width' | 'y' | 'height'>
/** `connection`: which one it is about; undefined where nobody believes anything. */
export type BeliefSpan = Placeless<BeliefBand> & { connection: string | undefined }
export type KernelSpan = Placeless<KernelBand>
export type TruthSpan = Placeless<TruthBand>

/**
 * One row for each end, also where a mechanism had several connections: its newest word counts, whichever
 * connection that was about, as it does for the program's own user.
 */
export function beliefSpans(scene: Scene, host: string): BeliefSpan[] {
  const { beliefs, exits, from, to } = scene
  const start: BeliefSpan = {
    host,
    from,
    to,
    belief: 'unknown',
    trigger: null,
    certainty: 'unknown',
    why: [],
    connection: undefined,
  }
  const changes = [
    ...beliefs
      .filter(({ event }) => event.host === host)
      .map(({ event, why }): BeliefSpan => {
        const { new: belief, trigger, certainty } = event.data
        const connection = event.group_id
        return { host, from: event.time, to, belief, trigger, certainty, why, connection }
      }),
    ...exits
      .filter((event) => event.host === host)
      .map((event): BeliefSpan => {
        const why = [{ address: addressOf(event), text: exitText(event.data) }]
        return {
          ...{ host, from: event.time, to, belief: 'none', trigger: null, certainty: 'definite', why },
          connection: undefined,
        }
      }),
    ...unseenEnds(scene, host).map((event): BeliefSpan => {
      const why = [{ address: addressOf(event), text: `gone: ${event.data.because}` }]
      return {
        ...{
          host,
          from: event.time,
          to,
          belief: 'none',
          trigger: null,
          certainty: event.data.certainty,
          why,
        },
        connection: undefined,
      }
    }),
  ].sort((one, other) => one.from - other.from)
  return rowOf([start, ...changes], from, to)
}

/** With containers nobody sees a process end: all that is known is that the host is gone, and its kernel with it. */
function unseenEnds({ truths, exits, hosts }: Scene, host: string): Scene['truths'] {
  if (exits.some((event) => event.host === host)) return []
  return truths.filter(
    (event) => hosts.includes(event.host) && event.host !== host && event.data.new === 'gone',
  )
}

function exitText({ code, signal }: { code: number | null; signal: string | null }): string {
  return signal === null ? `the process ended with status ${code}` : `the process was ended by ${signal}`
}

export function truthSpans({ truths, hosts, from, to }: Scene, host: string): TruthSpan[] {
  const peer = hosts.find((name) => name !== host) ?? ''
  const changes = truths
    .filter((event) => event.host === host)
    .map((event): TruthSpan => {
      return { host, peer, from: event.time, to, truth: event.data.new, because: event.data.because }
    })
  return rowOf([{ host, peer, from, to, truth: 'absent', because: '' }, ...changes], from, to)
}

/**
 * The kernel's socket of the newest connection. That a timer runs because something was just sent is no
 * news (it does after every send, until the ACK), so `retransmit` counts from the first retransmission on.
 */
export function kernelSpans(
  scene: Scene,
  host: string,
): { spans: KernelSpan[]; marks: Omit<KernelMark, 'x' | 'width' | 'y'>[] } {
  const { sockets, from, to } = scene
  const spans: KernelSpan[] = []
  const marks: Omit<KernelMark, 'x' | 'width' | 'y'>[] = []
  let current: string | undefined
  for (const event of sockets) {
    if (event.host !== host) continue
    const { old, new: now } = event.data
    const socket = socketKey(event)
    if (old === null) current = socket
    // The end of an older socket is not the end of the newer one.
    if (socket !== current) continue
    const state = now?.state ?? 'no entry'
    const timer = now === null ? 'none' : timerThatMatters(now, spans.at(-1)?.timer)
    const last = spans.at(-1)
    if (last?.state !== state || last.timer !== timer) {
      spans.push({ host, from: event.time, to, state, timer, address: addressOf(event) })
    }
    const text = now === null || old === null ? null : countingText(old, now)
    if (text !== null && event.time >= from && event.time <= to) marks.push({ host, at: event.time, text })
  }
  for (const event of unseenEnds(scene, host)) {
    if (spans.every((span) => span.from > event.time)) continue
    spans.push({ host, from: event.time, to, state: 'no entry', timer: 'none', address: addressOf(event) })
  }
  spans.sort((one, other) => one.from - other.from)
  return { spans: rowOf(spans, from, to), marks }
}

function socketKey({ data }: SocketEvent): string {
  return `${data.local} ${data.remote}`
}

function timerThatMatters(socket: KernelSocket, before: KernelSpan['timer'] = 'none'): KernelSpan['timer'] {
  return socket.timer === 'retransmit' && socket.retransmits === 0 ? before : socket.timer
}

function countingText(old: KernelSocket, now: KernelSocket): string | null {
  if (now.retransmits > old.retransmits) return `sent again: ${now.retransmits}`
  if (now.unansweredProbes > old.unansweredProbes) return `unanswered: ${now.unansweredProbes}`
  return null
}

/** Each span ends where the next begins; what lies outside the window is cut off. */
function rowOf<T extends { from: number; to: number }>(spans: readonly T[], from: number, to: number): T[] {
  return spans
    .map((span, index) => ({
      ...span,
      from: Math.max(from, span.from),
      to: Math.min(to, spans[index + 1]?.from ?? to),
    }))
    .filter((span) => span.to > span.from || (span.from === to && span.to === to))
}
