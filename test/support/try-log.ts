/** A log for whoever judges a try, made by hand. */
import type { EventData, EventName, KernelSocket, LabEvent, PacketKind } from '../../src/events/vocabulary.ts'

const KINDS: Record<string, PacketKind> = {
  SYN: 'syn',
  'PSH ACK': 'data',
  'FIN ACK': 'fin',
  RST: 'rst',
  'RST ACK': 'rst',
}

export const GROUP = 'echo:41000'
export const established: KernelSocket = {
  state: 'ESTABLISHED',
  timer: 'none',
  unansweredProbes: 0,
  retransmits: 0,
  sendQueueBytes: 0,
  receiveQueueBytes: 0,
}

/** A log made by hand, in which everything has its second. */
export class MadeLog {
  readonly events: LabEvent[] = []

  add<N extends EventName>(seconds: number, host: string, name: N, data: EventData<N>, more = {}): this {
    const about = { mono: '0', seq: this.events.length, run: 'r', lab: 'try', incarnation: 1, pid: 1 }
    const program = host === 'lab' ? 'lab' : 'kernel'
    const event = { ...about, host, program, time: seconds * 1000, name, data, ...more }
    this.events.push(event as unknown as LabEvent)
    return this
  }

  /** The kernel's table changed. */
  socket(
    seconds: number,
    host: string,
    old: KernelSocket | null,
    now: KernelSocket | null,
    group = GROUP,
  ): this {
    const [local, remote] = ['10.0.1.1:41000', '10.0.1.2:7000']
    const data = { local, remote, old, new: now }
    return this.add(seconds, host, 'kernel:socket_updated', data, { group_id: group })
  }

  /** A packet of the connection, as one end saw it. */
  packet(
    seconds: number,
    host: string,
    direction: 'sent' | 'received',
    flags = 'PSH ACK',
    {
      bytes = flags === 'PSH ACK' ? 5 : 0,
      group = GROUP,
      kind = KINDS[flags] ?? 'ack',
    }: { bytes?: number; group?: string; kind?: PacketKind } = {},
  ): this {
    const about = { packet: '1', frame: 1, protocol: 'tcp', source: '', destination: '' } as const
    return this.add(
      seconds,
      host,
      'packet:captured',
      { direction, ...about, kind, flags, bytes },
      { group_id: group },
    )
  }

  /** Five bytes of a program, acknowledged at once where they arrive. */
  payload(
    seconds: number,
    host: string,
    direction: 'sent' | 'received',
    more: { group?: string } = {},
  ): this {
    this.packet(seconds, host, direction, 'PSH ACK', more)
    return direction === 'received' ? this.packet(seconds + 0.001, host, 'sent', 'ACK', more) : this
  }

  /** An ICMP error about the connection came back. */
  icmp(seconds: number, host: string, text: string): this {
    const about = { packet: '1', frame: 1, protocol: 'icmp', source: '', destination: '' } as const
    const data = { direction: 'received', ...about, kind: 'icmp-error', bytes: 0, text } as const
    return this.add(seconds, host, 'packet:captured', data, { group_id: GROUP })
  }

  /** Every packet of a host is captured from here on. */
  captured(seconds: number, host: string): this {
    const clock = { wallClockAheadNs: '0', wallClockWithinNs: 0 }
    this.add(seconds, host, 'wire:capture_started', { packetsBuffered: 1, bytesKept: 96, ...clock })
    return this.packet(seconds, host, 'sent', 'SYN')
  }

  said(seconds: number, host: string, program: string, line: string): this {
    return this.add(seconds, host, 'command:said', { stream: 'stdout', line }, { program })
  }

  /** In order of time, and numbered so, however it was made. */
  get sorted(): LabEvent[] {
    const inOrder = [...this.events].sort((one, other) => one.time - other.time)
    return inOrder.map((event, seq) => ({ ...event, seq }))
  }

  truth(seconds: number, host: string, now: 'unreachable' | 'answering'): this {
    const data = { peer: 'x', old: 'answering', new: now, because: '', certainty: 'definite' } as const
    return this.add(seconds, host, 'truth:updated', data)
  }
}
