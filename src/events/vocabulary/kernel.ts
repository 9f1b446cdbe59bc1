/** What is read of a kernel: options, TCP_INFO, socket tables. */
import * as v from 'valibot'
import { count, ms, socketAddress, text } from './fields.ts'

/** RFC 9293 section 3.3.2, as the kernel's socket table has them. */
export const tcpStates = [
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const
export type TcpState = (typeof tcpStates)[number]

/** Which timer a kernel has running on a socket. */
export const kernelTimers = ['none', 'retransmit', 'keepalive', 'time-wait', 'zero-window-probe'] as const
export type KernelTimer = (typeof kernelTimers)[number]

const kernelSocket = v.strictObject({
  state: v.picklist(tcpStates),
  timer: v.picklist(kernelTimers),
  /** Keepalive or zero-window probes sent and not answered. */
  unansweredProbes: count,
  /** Times the oldest unacknowledged segment was sent again. */
  retransmits: count,
  /** Bytes written and not yet acknowledged. */
  sendQueueBytes: count,
  /** Bytes arrived that the program has not read. */
  receiveQueueBytes: count,
})
export type KernelSocket = v.InferOutput<typeof kernelSocket>

const kernelListener = v.strictObject({ waiting: count })

export const kernelEvents = {
  /** The options in force on a socket, read back from the kernel after they were set. */
  'kernel:options_read': v.strictObject({
    local: socketAddress,
    remote: socketAddress,
    keepalive: v.boolean(),
    keepaliveIdleMs: ms,
    keepaliveIntervalMs: ms,
    keepaliveProbes: count,
    /** 0: not set, the host's tcp_retries2 decides. */
    userTimeoutMs: ms,
  }),
  /** TCP_INFO of one connection at this moment. */
  'kernel:tcp_info_read': v.strictObject({
    state: v.picklist(tcpStates),
    retransmissionTimeoutMs: ms,
    roundTripMs: ms,
    unackedSegments: count,
    retransmits: count,
    unansweredProbes: count,
    /** How often the timer has doubled: of retransmissions, or of zero-window probes. */
    backoff: count,
    /** Sent and received so far, with data or without, where the kernel counts them. */
    segmentsOut: v.optional(count),
    segmentsIn: v.optional(count),
  }),
  /** A line of the host's socket table appeared (`old: null`), changed, or went (`new: null`). Sampled. */
  'kernel:socket_updated': v.strictObject({
    local: socketAddress,
    remote: socketAddress,
    old: v.nullable(kernelSocket),
    new: v.nullable(kernelSocket),
  }),
  /**
   * The host's table has a listening socket at `local` (state LISTEN), or no more (`new: null`). It is no
   * connection and has no group. `waiting`: connections that this kernel has completed and the program has
   * not accepted. Sampled.
   */
  'kernel:listener_updated': v.strictObject({
    mechanism: text,
    local: socketAddress,
    old: v.nullable(kernelListener),
    new: v.nullable(kernelListener),
  }),
  /**
   * What the host's tables hold at this moment of what a lab asked for, by local port: TCP connections in whatever
   * state, and UDP sockets; `remote` null: that socket knows nobody, and takes what comes.
   */
  'kernel:sockets_read': v.strictObject({
    mechanism: text,
    connections: v.array(v.strictObject({ local: socketAddress, remote: socketAddress, state: text })),
    datagramSockets: v.array(v.strictObject({ local: socketAddress, remote: v.nullable(socketAddress) })),
  }),
  /** How often the socket tables are read from now on; what is shorter-lived is not seen. */
  'kernel:sampling_started': v.strictObject({ everyMs: ms, because: text }),
  /** What a host's network card has counted since it was made, and what of that its IP layer took. */
  'kernel:card_read': v.strictObject({
    mac: text,
    mtuBytes: count,
    receivedFrames: count,
    receivedBytes: count,
    sentFrames: count,
    sentBytes: count,
    /** Received, and thrown away for the address of another host; absent: 0, or not counted here. */
    forOthers: v.optional(count),
    /** Packets that IP took in (InReceives): what was for this host. */
    packetsTaken: count,
    /** How often this machine, for whichever host, was interrupted to receive (NET_RX). */
    receiveSoftirqs: count,
    /** And how many frames its processors have taken in, until the counters began again at 0 (softnet_stat). */
    framesProcessed: count,
    /** To read it took so long, until this line: what passed meanwhile may be counted or not. */
    withinMs: ms,
    /** Which of the host's cards, where it has more than one; absent: eth0. */
    card: v.optional(text),
  }),
  /** What a host's kernel says of the link of its network card, whoever has taken it away. */
  'kernel:link_read': v.strictObject({ link: v.picklist(['carrier', 'no carrier']) }),
  /** Whose MAC address a host knows (its ARP table), by IP address. `mac` null: it asks, or nobody answered. */
  'kernel:neighbours_read': v.strictObject({
    neighbours: v.array(v.strictObject({ address: text, mac: v.nullable(text), state: text })),
  }),
  /** Settings of a host that decide when its kernel gives up, or by which way it sends. */
  'kernel:sysctls_read': v.strictObject({ values: v.record(text, text) }),
  /**
   * By which of its cards, and to which neighbour, the host would send a packet of this flow: it was asked, and
   * nothing was sent. `card` null: it has no way there.
   */
  'kernel:route_read': v.strictObject({
    protocol: v.picklist(['tcp', 'udp']),
    source: socketAddress,
    destination: socketAddress,
    card: v.nullable(text),
    gateway: v.nullable(text),
  }),
  /** What a host's kernel has counted since the host was made, by the names of nstat(8). */
  'kernel:counters_read': v.strictObject({ values: v.record(text, count) }),
} as const
