/** Event lists made by hand, small enough to see what a test is about. */
import type { EventData, EventName, LabEvent, PacketKind } from '../../src/events/vocabulary.ts'

export const GROUP = 'tcp-keepalive:44546'
export const VIEW = { pair: 'cut', connection: 'tcp-keepalive' }
const ADDRESSES: Record<string, string> = { 'cut-a': '10.0.7.1:44546', 'cut-b': '10.0.7.2:37059' }
const established = {
  state: 'ESTABLISHED',
  timer: 'keepalive',
  unansweredProbes: 0,
  retransmits: 0,
  sendQueueBytes: 0,
  receiveQueueBytes: 0,
} as const

export class LogBuilder {
  readonly #events: LabEvent[] = []

  get events(): LabEvent[] {
    return this.#events.toSorted((one, other) => one.time - other.time)
  }

  add<N extends EventName>(
    time: number,
    host: string,
    name: N,
    data: EventData<N>,
    group: string | null = GROUP,
  ): this {
    const seq = this.#events.length
    const program = name.startsWith('kernel:socket') ? 'kernel' : host === 'lab' ? 'lab' : 'tcp-client'
    const envelope = {
      mono: String(Math.round(time * 1e6)),
      seq,
      run: 'r',
      lab: 'keepalive',
      host,
      incarnation: 1,
      program,
      pid: 7,
    }
    this.#events.push({
      ...envelope,
      time,
      name,
      data,
      ...(group === null ? {} : { group_id: group }),
    } as LabEvent)
    return this
  }

  belief(
    time: number,
    host: string,
    old: EventData<'belief:updated'>['old'],
    now: EventData<'belief:updated'>['new'],
    trigger: EventData<'belief:updated'>['trigger'],
    silentMs?: number,
  ): this {
    const certainty = ['etimedout', 'heartbeat_missed', 'started', 'answer_missed'].includes(trigger)
      ? 'unknown'
      : 'definite'
    return this.add(time, host, 'belief:updated', {
      old,
      new: now,
      trigger,
      certainty,
      ...(silentMs === undefined ? {} : { silentMs }),
    })
  }

  truth(time: number, host: string, now: EventData<'truth:updated'>['new']): this {
    const peer = host === 'cut-a' ? 'cut-b' : 'cut-a'
    return this.add(
      time,
      host,
      'truth:updated',
      { peer, old: 'answering', new: now, because: 'the lab did it', certainty: 'definite' },
      null,
    )
  }

  /** `null`: it never arrives. No group id, as a capture that knows only ports. */
  packet(sentAt: number, arrivedAt: number | null, from: string, kind: PacketKind, text?: string): this {
    const to = from === 'cut-a' ? 'cut-b' : 'cut-a'
    const data = {
      packet: `${from} ${sentAt}`,
      frame: 1,
      protocol: 'tcp' as const,
      source: ADDRESSES[from] ?? '',
      destination: ADDRESSES[to] ?? '',
      kind,
      bytes: 0,
      ...(text === undefined ? {} : { text }),
    }
    this.add(sentAt, from, 'packet:captured', { direction: 'sent', ...data }, null)
    if (arrivedAt !== null)
      this.add(arrivedAt, to, 'packet:captured', { direction: 'received', ...data }, null)
    return this
  }

  probesUnanswered(time: number, host: string, count: number): this {
    const socket = (unansweredProbes: number) => ({ ...established, unansweredProbes })
    return this.add(time, host, 'kernel:socket_updated', {
      local: ADDRESSES[host] ?? '',
      remote: '',
      old: socket(count - 1),
      new: socket(count),
    })
  }

  socket(time: number, host: string, old: boolean, now: boolean): this {
    const entry = (there: boolean) => (there ? established : null)
    return this.add(time, host, 'kernel:socket_updated', {
      local: ADDRESSES[host] ?? '',
      remote: '',
      old: entry(old),
      new: entry(now),
    })
  }

  strike(time: number, promise = 'nobody is told'): this {
    const detail = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
    return this.add(time - 3, 'lab', 'fault:striking', { ...detail, promise }, null).add(
      time + 450,
      'lab',
      'fault:struck',
      { ...detail, verifiedBy: 'a probe' },
      null,
    )
  }

  watchEnds(time: number): this {
    return this.add(time, 'lab', 'watch:ended', { fault: 'cut', pair: 'cut', struck: 'cut-b' }, null)
  }
}

/** The shape of the cell cut/tcp-keepalive of a real run: struck at 4200, one end gives up at 9000, the other never. */
export function cutKeepalive(): LogBuilder {
  const log = new LogBuilder()
    .add(200, 'cut-a', 'host:started', { address: '10.0.7.1', pair: 'cut' }, null)
    .add(250, 'cut-b', 'host:started', { address: '10.0.7.2', pair: 'cut' }, null)
    .add(210, 'lab', 'kernel:sampling_started', { everyMs: 50, because: 'watching' }, null)
    .belief(1835, 'cut-a', 'unknown', 'connecting', 'started')
    .packet(1835.4, 1835.43, 'cut-a', 'syn')
    .packet(1835.45, 1835.48, 'cut-b', 'syn-ack')
    .packet(1835.5, 1835.53, 'cut-a', 'ack')
    .belief(1837, 'cut-b', 'unknown', 'up', 'accepted')
    .socket(1871, 'cut-b', false, true)
    .socket(1871.3, 'cut-a', false, true)
    .add(1902, 'cut-a', 'tcp:connected', { local: '10.0.7.1:44546', remote: '10.0.7.2:37059' })
    .belief(1902.1, 'cut-a', 'connecting', 'up', 'connected')
  return log
    .truth(1982, 'cut-a', 'answering')
    .truth(1982.1, 'cut-b', 'answering')
    .packet(3910, 3910.03, 'cut-a', 'keepalive-probe')
    .packet(3910.05, 3910.08, 'cut-b', 'keepalive-answer')
    .add(4186, 'cut-a', 'kernel:options_read', {
      local: '10.0.7.1:44546',
      remote: '10.0.7.2:37059',
      keepalive: true,
      keepaliveIdleMs: 2000,
      keepaliveIntervalMs: 1000,
      keepaliveProbes: 3,
      userTimeoutMs: 0,
    })
    .strike(4200)
    .truth(4200, 'cut-a', 'unreachable')
    .truth(4200.1, 'cut-b', 'unreachable')
    .packet(5930, null, 'cut-a', 'keepalive-probe')
    .probesUnanswered(5960, 'cut-a', 1)
    .packet(6950, null, 'cut-a', 'keepalive-probe')
    .probesUnanswered(6965, 'cut-a', 2)
    .packet(7980, null, 'cut-a', 'keepalive-probe')
    .probesUnanswered(8019, 'cut-a', 3)
    .add(9000, 'cut-a', 'tcp:error_received', { code: 'ETIMEDOUT', syscall: 'read' })
    .belief(9000.1, 'cut-a', 'up', 'down', 'etimedout')
    .socket(9020, 'cut-a', true, false)
    .watchEnds(16_200)
}
