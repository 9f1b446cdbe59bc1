/** What is between two hosts: packets, cables, routers. */
import * as v from 'valibot'
import { count, ms, socketAddress, text } from './fields.ts'

/** What is in a captured packet. `fragment`: a later part of an IP packet, which has no ports. */
const packetProtocols = ['tcp', 'udp', 'fragment', 'icmp', 'arp', 'other'] as const

/** What a captured packet is for. */
export const packetKinds = [
  'syn',
  'syn-ack',
  'ack',
  'data',
  'fin',
  'rst',
  'keepalive-probe',
  'keepalive-answer',
  'retransmission',
  'datagram',
  'fragment', // of a datagram, after its first, which is `datagram`
  'icmp-error',
  'arp',
  'other',
] as const
export type PacketKind = (typeof packetKinds)[number]

/** Why a switch or hub sent a frame where it did: src/wire/hub.ts explains each. */
const forwardingReasons = [
  'repeated',
  'known',
  'unknown',
  'group',
  'joined',
  'same-port',
  'reserved',
  'invalid',
] as const
export type ForwardingReason = (typeof forwardingReasons)[number]

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const cableEnd = { cable: text, direction: v.picklist(['aToB', 'bToA']) }

/** One line of a router's table (nf_conntrack), as it translates. */
const routerMapping = v.strictObject({
  protocol: text,
  /** What the router takes the connection for; only for TCP. */
  state: v.optional(text),
  /** It forgets then, unless a packet passes. */
  forgetsInMs: ms,
  /** As the inside sees it: client and server. */
  source: socketAddress,
  destination: socketAddress,
  /** As what the server sees the client. */
  seenAs: socketAddress,
  /** A packet has passed in both directions. */
  answered: v.boolean(),
})
export type RouterMapping = v.InferOutput<typeof routerMapping>

export const wireEvents = {
  /**
   * A packet passed a host's network card. `mono` is the kernel's stamp of that moment, not of the
   * logging. The same `packet` at the other end is the same packet; seen only as sent, it never arrived.
   */
  'packet:captured': v.strictObject({
    direction: v.picklist(['sent', 'received']),
    /** A number, equal at both ends, unique in a run: see src/wire/match.ts for what it is told by. */
    packet: text,
    /** Its number in packets/<host>.pcapng, from 1. */
    frame: count,
    protocol: v.picklist(packetProtocols),
    /** A port only where the protocol has one; below IP a MAC address. */
    source: socketAddress,
    destination: socketAddress,
    /** What it is for, as far as one can tell from this end's captures. */
    kind: v.picklist(packetKinds),
    /** As `SYN`, `PSH ACK`; only for TCP. */
    flags: v.optional(text),
    /** Bytes of payload above TCP or UDP, in this packet. */
    bytes: count,
    /** For labels: the first line of the payload where it is text, or what ARP and ICMP say. Anybody can have written it. */
    text: v.optional(text),
    /**
     * The whole frame, from its first address to its last byte: without preamble and check sequence, which no program
     * sees. Not in runs that are older than this.
     */
    frameBytes: v.optional(count),
    /** How much of it each header takes, from the outside in: Ethernet, IP, TCP or UDP. */
    headerBytes: v.optional(v.array(count)),
    /** At which of the host's network cards, where it has more than one; absent: at eth0. */
    card: v.optional(text),
  }),
  /** All octets of a frame that a host sent, as its capture has kept them: number `frame` of packets/<host>.pcapng. */
  'packet:octets_read': v.strictObject({ frame: count, octets: v.pipe(text, v.regex(/^([\da-f]{2})+$/)) }),
  /** In such a packet, the line before it, an end of TLS began: a client names the suites it offers, a server the one it chose. */
  'tls:hello_captured': v.strictObject({
    message: v.picklist(['ClientHello', 'ServerHello']),
    direction: v.picklist(['sent', 'received']),
    suites: v.array(text),
  }),
  /** From here on every packet of this host is captured. Before, or without this line, nothing is known. */
  'wire:capture_started': v.strictObject({
    /** How many packets wait in the kernel for the capture process; more are lost. */
    packetsBuffered: count,
    /** How much of each packet is kept. */
    bytesKept: count,
    /**
     * CLOCK_REALTIME is so far ahead of `mono`, nanoseconds, as a decimal string. The kernel stamps with
     * the wall clock, which can be set; in the .pcapng files it is taken as it was at the beginning.
     */
    wallClockAheadNs: v.pipe(text, v.regex(/^\d{1,19}$/)),
    /** How exactly that could be measured: plus or minus. */
    wallClockWithinNs: count,
  }),
  /**
   * Packets passed that were not captured: the capture process came too late. It asks now and then: they were lost
   * at any moment of the last `withinMs`. Silence proves nothing then.
   */
  'wire:packets_dropped': v.strictObject({ packets: count, withinMs: ms }),
  /**
   * No packet of this host is captured any more. `brokeOff`: nobody meant it to end, and what passed after the last
   * packet that is in the log may have been lost with it.
   */
  'wire:capture_ended': v.strictObject({ because: text, brokeOff: v.boolean() }),

  /**
   * A cable that is a program was told so, for frames of one direction; all of its settings from now on. What
   * they do is in src/wire/cable.ts. Frames already under way keep their time of arrival.
   */
  'cable:set': v.strictObject({
    ...cableEnd,
    delayMs: ms,
    jitterMs: ms,
    /** Probabilities, of a frame. */
    loss: share,
    duplicate: share,
    reorder: share,
    cut: v.boolean(),
    mtuBytes: v.nullable(count),
  }),
  /** It was pulled out at one of its ends, or put back. */
  'cable:plugged': v.strictObject({ cable: text, isPlugged: v.boolean() }),
  /**
   * It was told to keep back frames of these kinds (`hold`), to let go `frames` that it had kept back and
   * keep back these from now on (`release`), or to lose the next `frames` of these (`drop`).
   */
  'cable:told': v.strictObject({
    ...cableEnd,
    rule: v.picklist(['hold', 'release', 'drop']),
    kinds: v.array(text),
    frames: v.optional(count),
  }),
  /**
   * Of what TCP carries this way so many more bytes may pass; then nothing enters the cable any more, either way
   * (`isReached`). null: there is no limit, and it is open again.
   */
  'cable:limited': v.strictObject({ ...cableEnd, bytes: v.nullable(count), isReached: v.boolean() }),
  /** A frame did not pass, because of such a rule: neither its sender nor its receiver can know. */
  'cable:frame_stopped': v.strictObject({
    ...cableEnd,
    fate: v.picklist(['held', 'dropped']),
    protocol: v.picklist(packetProtocols),
    source: socketAddress,
    destination: socketAddress,
    flags: v.optional(text),
    bytes: count,
    /** As in `packet:captured`. Anybody can have written it. */
    text: v.optional(text),
  }),
  /**
   * What became of the frames of one direction since the cable was connected: the words of `CableCounts` in
   * src/wire/cable.ts. Logged before its settings change, and at the end.
   */
  'cable:counted': v.strictObject({
    ...cableEnd,
    entered: count,
    left: count,
    lost: count,
    cutOff: count,
    tooLarge: count,
    dropped: count,
    duplicated: count,
    reordered: count,
    held: count,
    overflowed: count,
  }),
  /**
   * What numbered datagrams met with, there and back, on a link that has a delay and a loss by nature: `delayMs` and
   * `loss` of each way were asked for. None came back: `medianMs` is 0.
   */
  'link:measured': v.strictObject({
    pair: text,
    delayMs: ms,
    loss: share,
    sent: count,
    lost: count,
    medianMs: ms,
  }),
  /** The cable came too late, or they were too long for it: frames lost that it was not told to lose. */
  'cable:frames_missed': v.strictObject({ ...cableEnd, frames: count }),
  /** The card where frames of this direction come in has failed; ENETDOWN: it went down. */
  'cable:end_failed': v.strictObject({ ...cableEnd, error: text }),

  /** A switch, a hub or an access point that is a program stands between three hosts; its ports are named after them. */
  'switch:started': v.strictObject({
    switch: text,
    kind: v.picklist(['learning-switch', 'hub', 'access-point']),
    ports: v.array(text),
    /** Of a switch: an address that was not heard for so long is forgotten. */
    ageingMs: v.optional(ms),
    /** It learns no more than so many. */
    addressesMax: v.optional(count),
    /** Of an access point: the MAC address of its radio. */
    bssid: v.optional(text),
  }),
  /**
   * A frame was on the air around an access point: octet by octet it is number `frame` of `<air>-air.pcapng`. The
   * addresses are read from it as IEEE 802.11 says, not as they were meant.
   */
  'air:frame_passed': v.strictObject({
    air: text,
    frame: count,
    /** The station whose radio it was; null: the access point's. */
    by: v.nullable(text),
    kind: v.picklist(['data', 'ack']),
    /** For whose radio it is. */
    receiver: text,
    /** Whose radio has sent it: an ACK does not say. */
    transmitter: v.optional(text),
    /** Who has said it, and for whom. */
    source: v.optional(text),
    destination: v.optional(text),
    /** Stations in range. */
    heardBy: v.array(text),
    /** And those of them that gave it to their kernels. */
    keptBy: v.array(text),
    bytes: count,
  }),
  /** What it did with a frame: the words of `Forwarding` in src/wire/hub.ts. */
  'switch:forwarded': v.strictObject({
    switch: text,
    from: text,
    to: v.array(text),
    because: v.picklist(forwardingReasons),
    learned: v.optional(v.picklist(['new', 'moved'])),
    /** MAC addresses, as the frame has them. Anybody can have written them. */
    source: text,
    destination: text,
    bytes: count,
  }),
  /** It came too late, or they were too long for it: frames that were lost there. */
  'switch:frames_missed': v.strictObject({ switch: text, frames: count }),
  /** The card of a port has failed; ENETDOWN: it went down. An exchange is such a box too. */
  'switch:port_failed': v.strictObject({ switch: text, port: text, error: text }),
  /** It did with so many more what it does, in the last second, and says of them no more than that. */
  'switch:frames_untold': v.strictObject({ switch: text, frames: count }),

  /**
   * A telephone exchange that is a program, with a packet line of the same capacity beside it, stands between a and
   * b: src/wire/office.ts.
   */
  'exchange:started': v.strictObject({
    exchange: text,
    /** Telephones at either side. */
    lines: count,
    /** Of the trunk, which has a frame every `frameMs`. */
    slots: count,
    frameMs: ms,
    /** How long a packet takes on the packet line, and how many may wait for it. */
    serviceMs: ms,
    queueMax: count,
  }),
  /**
   * What it has counted since it began. The shares and waits are means of as many equal parts of what came since it
   * was asked last (src/wire/batches.ts); empty where that was too little.
   */
  'exchange:counted': v.strictObject({
    exchange: text,
    calls: count,
    /** Of these calls: they heard the busy tone. */
    blocked: count,
    /** Of the trunk. */
    frames: count,
    /** Slots in them that were somebody's, of which `silent` carried nothing. */
    reserved: count,
    silent: count,
    /** Speech for which there was no call, or no room. */
    voicesLost: count,
    /** Whose each slot is now; 0: nobody's. */
    owners: v.array(count),
    /** That came to the packet line towards b; of them `dropped` found no room. */
    packets: count,
    dropped: count,
    blockedShares: v.array(share),
    droppedShares: v.array(share),
    /** When packets towards b came, since it was asked last, counted from the first: the first 4000 of them. */
    arrivalsMs: v.array(ms),
    /** How long they were to wait for the line, and for how long they were inside until they were really let out. */
    waitsMs: v.array(ms),
    insideMs: v.array(ms),
  }),
  /** A slot has another owner than before, the first hundred times. 0: nobody's. */
  'exchange:cords_moved': v.strictObject({ exchange: text, owners: v.array(count) }),
  /** The link of a port is down: so many calls were ended, and whoever is left was told. */
  'exchange:line_lost': v.strictObject({ exchange: text, port: text, calls: count }),

  /**
   * A router stands between the hosts of a pair, and translates: b sees `outside` where a is. Without rules it only
   * forwards, from its card `inside`, on the side of a, to `outside` and back.
   */
  'router:started': v.strictObject({
    router: text,
    inside: text,
    outside: text,
    /** Its rules (nft), as it was given them, and its settings (/proc/sys), as its kernel has them. */
    rules: text,
    sysctls: v.record(text, text),
  }),
  /** What the router holds about connections: a third believer. `by` says how it was asked. */
  'router:mappings_read': v.strictObject({ router: text, by: text, mappings: v.array(routerMapping) }),
  /** It was made to forget so many; whoever holds such a connection was not told. */
  'router:forgot': v.strictObject({ router: text, by: text, mappings: count }),
} as const
