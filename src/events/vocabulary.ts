/**
 * Every event this project can log, with what it means and what it does not prove.
 *
 * One line of a log is an {@link Envelope}: who observed what, when. What was observed is under
 * `data` and nowhere else, so that nothing a peer sends can overwrite the envelope.
 *
 * Four sources meet in one log: applications (`program tcp udp tls delivery http balancer http-session bank
 * websocket reconnect session heartbeat detector belief relay`), kernels (`kernel`), and the lab itself, which knows the
 * truth because it did it
 * (`truth fault case host command control run`). The recorder adds its own remarks (`recorder`).
 */
import * as v from 'valibot'

/** No run and no timer of a kernel is longer: a number beyond is none of ours, and nobody is to count up to it. */
export const TIME_MAX_MS = 366 * 24 * 3_600_000
/** Before the run began: a container's engine tells of what it did earlier. */
export const TIME_MIN_MS = -24 * 3_600_000

const text = v.string()
/** JSON has no Infinity, but 1e999, and would write it as null. */
const finite = v.pipe(v.number(), v.finite())
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const ms = v.pipe(v.number(), v.minValue(0), v.maxValue(TIME_MAX_MS))
/** What hosts, cases and rows are called: files and network interfaces bear such names. */
export const name = v.pipe(
  text,
  v.regex(/^[a-z][a-z\d-]{0,63}$/, 'expected lower-case letters, digits and hyphens'),
)
const nothing = v.strictObject({})

/** `address:port`, as in `10.0.1.2:7003`. */
const socketAddress = text

/** What an endpoint holds about its peer. Nobody can hold `dead`: see `certainty`. */
export const beliefs = ['unknown', 'connecting', 'up', 'suspect', 'down'] as const
export type Belief = (typeof beliefs)[number]

/** Why a belief changed. A closed set, so that tables and tests can count on it. */
export const triggers = [
  'started', // the endpoint began to try
  'connected', // the kernels completed a handshake
  'accepted', // the server's program took the connection
  'heard', // something arrived from the peer
  'heartbeat_missed', // nothing arrived for the time the endpoint allows
  'heartbeat_late', // something arrived after the endpoint had begun to doubt
  'answer_missed', // a request is unanswered for the time the endpoint allows
  'answer_late', // its answer came after all
  'fin', // the peer's kernel said: no more data will come
  'close_frame', // the peer's WebSocket said goodbye before its FIN
  'econnreset', // the peer's kernel said: I know no such connection (RST)
  'econnaborted', // this end's own kernel was told to abort the connection
  'econnrefused', // the peer's kernel said: nobody listens there
  'epipe', // this end wrote after it had been told that the connection is over
  'etimedout', // this end's kernel gave up waiting
  'ehostunreach', // this end's kernel cannot reach the address
  'enetunreach', // this end's kernel has no way to the network
  'socket_error', // any other error: its code is in the event beside it
  'user_closed', // this end's program closed it
  'program_said', // this end's program printed what whoever runs it takes for that
  'program_ended', // this end's program is there no more
  'kernel_gave_up', // this end's kernel has the connection no more, after questions that nobody answered
] as const
export type Trigger = (typeof triggers)[number]

/** `definite`: somebody said so. `unknown`: only silence, which proves nothing. */
export const certainties = ['definite', 'unknown'] as const
export type Certainty = (typeof certainties)[number]

/** What is true of a host's peer, known to the lab because the lab did it. */
export const truths = ['absent', 'answering', 'frozen', 'unreachable', 'gone'] as const
export type Truth = (typeof truths)[number]

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

/** What the number of a datagram tells beside those that came before (RFC 4737, RFC 5560). */
export const arrivals = ['in-order', 'reordered', 'duplicate'] as const
export type Arrival = (typeof arrivals)[number]

/** Which way something travels through a relay. */
export const relayDirections = ['to-server', 'to-client'] as const
export type RelayDirection = (typeof relayDirections)[number]
export const relayModes = ['pass', 'drop', 'hold', 'late'] as const
export type RelayMode = (typeof relayModes)[number]

/** Which timer a kernel has running on a socket. */
export const kernelTimers = ['none', 'retransmit', 'keepalive', 'time-wait', 'zero-window-probe'] as const
export type KernelTimer = (typeof kernelTimers)[number]

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

const faultDetail = { fault: text, pair: text, struck: text }

export const vocabulary = {
  // ---- applications -----------------------------------------------------------------------------
  /** A program runs and can log. It may not listen yet. */
  'program:started': v.strictObject({ node: text, mechanisms: v.array(text) }),
  /** Its sockets are open; `ports` says where it listens, mechanism by mechanism. */
  'program:ready': v.strictObject({ ports: v.record(text, count) }),
  /** It runs: written every second, in containers, where nobody sees processes. A hole is a pause, or an end. */
  'program:running': nothing,
  /** It has computed for so long, and did nothing else meanwhile. */
  'program:blocked': v.strictObject({ blockedMs: ms }),
  /** It was asked to end, and ends in order. No such line before the last one: it was killed. */
  'program:stopping': v.strictObject({ because: text }),
  /** It cannot go on; `message` is for the person who started it. */
  'program:failed': v.strictObject({ message: text, code: v.optional(text) }),

  /** send() took a datagram. Says nothing about its arrival, nor whether anybody is there. */
  'udp:datagram_sent': v.strictObject({ bytes: count, remote: socketAddress, number: v.optional(count) }),
  /** `number` is what the datagram says of itself; anybody can have written it. */
  'udp:datagram_received': v.strictObject({
    bytes: count,
    remote: socketAddress,
    number: v.optional(count),
    /** What its number tells beside those before it. Not there: it carries none. */
    order: v.optional(v.picklist(arrivals)),
  }),
  /** The socket has its address. `remote`: it is connected, which sent nothing. */
  'udp:bound': v.strictObject({
    mechanism: text,
    local: socketAddress,
    remote: v.optional(socketAddress),
    /** Of a connected one: the largest IP packet that its kernel believes to get there whole (IP_MTU). */
    pathMtuBytes: v.optional(count),
  }),
  /** This end's own kernel refused to send, as EMSGSIZE says: nothing left this host. */
  'udp:send_failed': v.strictObject({ bytes: count, remote: socketAddress, code: text }),
  /**
   * The numbered datagrams of one sender so far. `lost` are those below the highest number announced that
   * have not arrived; one that is merely late is among them until it comes.
   */
  'udp:counted': v.strictObject({
    remote: socketAddress,
    received: count,
    lost: count,
    duplicated: count,
    reordered: count,
  }),
  /**
   * So many events about addresses that have not proved that they receive were not told: anybody can send in the
   * name of any address, and must not fill this log with it.
   */
  'udp:strangers_untold': v.strictObject({ events: count }),
  /** On a connected UDP socket: an ICMP message came back for an earlier datagram (RFC 1122 4.1.3.3). */
  'udp:error_received': v.strictObject({ code: text, syscall: v.optional(text) }),

  /** Nothing acknowledged this message for `waitedMs`: it is sent once more. It may have arrived all the same. */
  'delivery:sent_again': v.strictObject({ number: count, tries: count, waitedMs: ms }),
  /** The receiver's program says that it has it: so it has arrived, after so many tries. */
  'delivery:acknowledged': v.strictObject({ number: count, tries: count }),
  /** After so many tries without an answer the sender gave up. The message may have arrived. */
  'delivery:given_up': v.strictObject({ number: count, tries: count }),
  /** A message that had not come before, in its turn: only now the receiver makes use of it. */
  'delivery:handed_over': v.strictObject({ number: count }),

  /** connect() succeeded: the two kernels agree. The peer's program may not have been asked. */
  'tcp:connected': v.strictObject({ local: socketAddress, remote: socketAddress }),
  /** The server's program took the connection from its kernel's queue. */
  'tcp:accepted': v.strictObject({ local: socketAddress, remote: socketAddress }),
  /** write() took the bytes: they are in this kernel's send queue, no more than that. */
  'tcp:written': v.strictObject({ bytes: count }),
  'tcp:received': v.strictObject({ bytes: count }),
  /** From now on this kernel completes handshakes here; up to `backlog` + 1 wait for the program. */
  'tcp:listening': v.strictObject({ mechanism: text, local: socketAddress, backlog: count }),
  /** Not all of these bytes came into this kernel's send queue: EPIPE, or the socket was over before. */
  'tcp:write_failed': v.strictObject({ bytes: count, code: text }),
  /** The program will write no more: its kernel sends FIN after all it has. It may still receive. */
  'tcp:end_sent': nothing,
  /** The program reads no more until it says otherwise: what arrives, FIN too, stays in its kernel. */
  'tcp:reading_stopped': nothing,
  'tcp:reading_resumed': nothing,
  /** The program gave the socket up; unread or unsent data, or `reset`, makes its kernel send RST. */
  'tcp:destroyed': v.strictObject({ reset: v.boolean() }),
  /** A method of Node's socket that sets something, as called: `setKeepAlive(true,2000)`. */
  'tcp:option_set': v.strictObject({ call: text }),
  /** Node's setTimeout() ran out: nothing was read or written for so long. Nothing else happens by itself. */
  'tcp:idle_timeout': nothing,
  /** FIN arrived: the peer will send no more. It does not say whether it closed or was killed. */
  'tcp:end_received': nothing,
  /** The socket failed with `code`. ETIMEDOUT: the kernel gave up waiting, which proves nothing. */
  'tcp:error_received': v.strictObject({ code: text, syscall: v.optional(text) }),
  /** The program's socket object is gone. The kernel's may live on (TIME-WAIT, FIN-WAIT). */
  'tcp:closed': v.strictObject({ hadError: v.boolean() }),

  /**
   * A relay listens. It ends every TCP connection itself and opens another: acknowledgements and keepalive
   * answers that either end sees come from the relay's kernel, never from the other end.
   */
  'relay:started': v.strictObject({
    mechanism: text,
    protocol: v.picklist(['tcp', 'udp']),
    listen: socketAddress,
    to: socketAddress,
    warning: text,
  }),
  /** What it does from now on with what travels that way. */
  'relay:mode_set': v.strictObject({
    direction: v.picklist(relayDirections),
    mode: v.picklist(relayModes),
    delayMs: v.optional(ms),
    percent: v.optional(finite),
  }),
  /** Its second leg: from `local`, the relay's own port, to the server. UDP has one for each sender. */
  'relay:opened': v.strictObject({ client: socketAddress, local: socketAddress }),
  /** Passed on, `heldMs` after it arrived. 0 bytes of TCP: FIN. */
  'relay:forwarded': v.strictObject({ direction: v.picklist(relayDirections), bytes: count, heldMs: ms }),
  /** Thrown away. Of TCP these bytes were acknowledged to their sender, and nobody will ever get them. */
  'relay:dropped': v.strictObject({ direction: v.picklist(relayDirections), bytes: count, because: text }),
  /** Both legs of one client are over. */
  'relay:closed': v.strictObject({ because: text }),

  /** PING written to the socket. */
  'heartbeat:ping_sent': v.strictObject({ number: count }),
  'heartbeat:ping_received': v.strictObject({ number: count }),
  'heartbeat:pong_sent': v.strictObject({ number: count }),
  /** `roundTripMs` is absent when this PONG answers no PING of ours that we still remember. */
  'heartbeat:pong_received': v.strictObject({ number: count, roundTripMs: v.optional(ms) }),
  /** A line that is not the protocol's; `problem` names the rule it broke. The peer may be anybody. */
  'heartbeat:line_refused': v.strictObject({ problem: text, excerpt: text }),

  /** This process itself did not run for a while, so silence in that time says nothing about the peer. */
  'detector:paused': v.strictObject({ pausedMs: ms }),
  /**
   * A deadline had passed by `overdueMs`, and the process read what had arrived before it looked at the clock:
   * the silence was longer than the limit, and nobody was suspected for it.
   */
  'detector:overtaken': v.strictObject({ overdueMs: ms }),

  /** What this end holds about its peer changed. `silentMs`: how long nothing had been heard. */
  'belief:updated': v.strictObject({
    old: v.picklist(beliefs),
    new: v.picklist(beliefs),
    trigger: v.picklist(triggers),
    certainty: v.picklist(certainties),
    silentMs: v.optional(ms),
  }),

  /** An HTTP server's own limits, read back from Node after they were set. 0: none. */
  'http:limits_read': v.strictObject({
    mechanism: text,
    /** Between a response and the next request on the same connection. */
    keepAliveTimeoutMs: ms,
    /** Until the headers of a request are complete, and until all of it is. */
    headersTimeoutMs: ms,
    requestTimeoutMs: ms,
    /** How often the two are looked after. */
    checkEveryMs: ms,
    /** Without any traffic. */
    timeoutMs: ms,
  }),
  /** `cookies`: what went with it, each as `name=digest`; `user`: whose browser it is, in a lab that has several. */
  'http:request_sent': v.strictObject({
    number: count,
    method: text,
    path: text,
    user: v.optional(text),
    cookies: v.optional(v.array(text)),
  }),
  'http:request_received': v.strictObject({ method: text, path: text }),
  /**
   * `idleLimitMs`: the connection is closed after so long without another request, as Node has set it; that may
   * be more than the keepAliveTimeout it was told.
   */
  'http:response_sent': v.strictObject({ status: count, idleLimitMs: v.optional(ms) }),
  /** `body`: how it begins, where a lab wants to read it. */
  'http:response_received': v.strictObject({
    number: count,
    status: count,
    afterMs: ms,
    user: v.optional(text),
    body: v.optional(text),
  }),
  'http:request_failed': v.strictObject({ number: count, code: text, afterMs: ms, user: v.optional(text) }),
  /**
   * What a `Set-Cookie` asked a user's browser to keep, as `name=digest`, and whether it did. `attributes` as they
   * were written; `isPersistent`: it has a date, and outlives the browser (RFC 6265 section 5.3).
   */
  'http:cookie_received': v.strictObject({
    user: text,
    cookie: text,
    attributes: v.array(text),
    isPersistent: v.boolean(),
    refused: v.optional(text),
  }),
  /** The browser was closed: its connections, and every cookie without a date. No server is told of cookies. */
  'http:browser_closed': v.strictObject({ user: text }),

  /**
   * A balancer passed a request on. `local` is its own end of the connection to the server, `reused` whether that
   * had carried requests before; `tries`: to so many servers, this one included.
   */
  'balancer:forwarded': v.strictObject({
    backend: socketAddress,
    local: socketAddress,
    reused: v.boolean(),
    tries: count,
  }),
  /** It takes this server out, or in again: what it believes, from what became of the last request. */
  'balancer:backend_updated': v.strictObject({
    backend: socketAddress,
    new: v.picklist(['in', 'out']),
    because: text,
  }),

  /**
   * A session began, went on, or was refused, as the end that logs it sees it. `session` is a short
   * digest of the session id: enough to recognise it, useless to a thief.
   */
  'session:started': v.strictObject({ session: text }),
  'session:continued': v.strictObject({ session: text, requests: count }),
  'session:refused': v.strictObject({ session: text, status: count }),

  /**
   * The session protocol (src/protocols/session/): `session` is its public id, the same at both ends; empty while
   * a client has none. `old` of a session that was not there is `none`.
   */
  'session:state_updated': v.strictObject({ session: text, old: text, new: text, because: text }),
  /**
   * This end took a message of its user: it will send it until it is acknowledged, or the session is over. One that
   * is killed in this very moment may not have kept it yet: its number is then said again.
   */
  'session:message_said': v.strictObject({ session: text, number: count, text }),
  /** This end handed a message of the other end over. It does so once, and in order, or it has broken its promise. */
  'session:message_delivered': v.strictObject({ session: text, number: count, text }),
  /** The other end has it. */
  'session:message_acknowledged': v.strictObject({ session: text, number: count }),
  /** Nobody acknowledged these over datagrams: they go out again. They may have arrived all the same. */
  'session:sent_again': v.strictObject({ session: text, messages: count }),
  /** Another connection carries the session: the other end had `received` of ours, so many are to be sent to it now. */
  'session:resumed': v.strictObject({ session: text, received: count, toSend: count }),
  /** Found where it was kept: it outlived the process that it was in. */
  'session:loaded': v.strictObject({ session: text, received: count }),
  /** This server did not let somebody in. */
  'session:claim_refused': v.strictObject({ session: text, reason: text }),
  /** A message was not taken: too many wait for their acknowledgement. */
  'session:queue_full': v.strictObject({ session: text }),
  /** What changed is where it survives this process: so long that took, for so many sessions at once. */
  'session:kept': v.strictObject({ sessions: count, tookMs: ms }),
  /** Its store did not keep what it was to keep, or could not be read. Until it does everybody is sent away. */
  'session:store_failed': v.strictObject({ message: text }),
  /**
   * This end will not go on with it. `unacknowledged`: the numbers of its messages that may have arrived, or not.
   * `unknown`: nobody said so, this end only waited long enough.
   */
  'session:over': v.strictObject({
    session: text,
    because: text,
    certainty: v.picklist(certainties),
    unacknowledged: v.array(count),
  }),
  /** A line that is not the protocol's, or not its sender's turn. The peer may be anybody. */
  'session:line_refused': v.strictObject({ problem: text, excerpt: text }),

  /** A TLS handshake is complete, says the server. `isResumed`: by the ticket of an earlier connection (RFC 8446 2.2). */
  'tls:accepted': v.strictObject({ protocol: text, isResumed: v.boolean() }),
  /** The same, as the client sees it. */
  'tls:connected': v.strictObject({ protocol: text, isResumed: v.boolean() }),
  /** The server gave a ticket for a later connection: a session of TLS, which knows of no cookies. */
  'tls:ticket_received': v.strictObject({ bytes: count }),

  /**
   * A session of the web bank, as the bank sees it; `session` is the digest of its id, as above. `created`: somebody
   * signed in. `renewed`: they had a session already, `before`, which is over; another id was given out.
   */
  'http-session:created': v.strictObject({ session: text, user: text }),
  'http-session:renewed': v.strictObject({ session: text, before: text, user: text }),
  /** A request came with its id, over whatever connection, from whomever. */
  'http-session:used': v.strictObject({ session: text, user: text }),
  /** Its time had passed when a request came with its id. */
  'http-session:expired': v.strictObject({ session: text, because: v.picklist(['idle', 'absolute']) }),
  /** A cookie that is of no session; where it is no id at all there is no digest. */
  'http-session:refused': v.strictObject({
    session: v.nullable(text),
    because: v.picklist(['unknown', 'malformed', 'ambiguous', 'oversized']),
  }),
  /** It is over, wherever its id is still known. `ended_by_user`: one of their others, chosen from the list. */
  'http-session:ended': v.strictObject({
    session: text,
    because: v.picklist(['signed_out', 'signed_out_everywhere', 'ended_by_user', 'too_many']),
  }),

  /** Nobody is told which of the two it was; the log tells neither, since people type passwords as names. */
  'bank:sign_in_refused': v.strictObject({ because: v.picklist(['name_or_password', 'too_often', 'busy']) }),
  /** A request that a page of another site may have caused. */
  'bank:forgery_refused': v.strictObject({ because: v.picklist(['origin', 'token', 'no_cookie']) }),
  /** Somebody asks too often. Told once, and again after a request of theirs was admitted. */
  'bank:rate_refused': v.strictObject({
    limit: v.picklist(['requests', 'sign_ins', 'passwords', 'transfers']),
  }),
  /** A cookie was not enough for what was asked: the password has to come with it, and did not or was another. */
  'bank:password_wanted': v.strictObject({
    for: v.picklist(['transfer', 'sign_out_everywhere', 'end_session']),
    because: v.picklist(['missing', 'wrong']),
  }),
  /** The money moved; `transfer` is its number in the ledger. */
  'bank:transfer_done': v.strictObject({ transfer: text, from: text, to: text, cents: count }),
  /** It was asked for again, with the same idempotency key: nothing moved, the answer is the same. */
  'bank:transfer_repeated': v.strictObject({ transfer: v.nullable(text) }),
  'bank:transfer_refused': v.strictObject({
    because: v.picklist(['funds', 'recipient', 'same_account', 'amount', 'key', 'key_reused']),
  }),
  /** The store could not be reached: whatever was asked for may have been done or not. */
  'bank:store_failed': v.strictObject({ message: text }),

  /** `path`: what the client asked for, as the server sees it; anybody can have written it. */
  'websocket:opened': v.strictObject({ path: v.optional(text) }),
  /** The request to upgrade, as its sender wrote it or its receiver read it (RFC 6455 section 4.1). */
  'websocket:upgrade_asked': v.strictObject({
    key: text,
    version: text,
    path: text,
    /** What browsers add, so that a server can refuse the pages of others. */
    origin: v.optional(text),
    extensions: v.optional(text),
  }),
  /** The answer 101, as its sender wrote it or its receiver read it (RFC 6455 section 4.2.2). */
  'websocket:upgrade_answered': v.strictObject({ accept: text }),
  /** The header of a frame that arrived, as it is in the stream; what the library makes of it is another line. */
  'websocket:frame_received': v.strictObject({
    opcode: text,
    isFinal: v.boolean(),
    isMasked: v.boolean(),
    payloadBytes: count,
    frameBytes: count,
  }),
  /** A message of the application was given to the library, or came out of it. Anybody can have written it. */
  'websocket:message_sent': v.strictObject({ text }),
  'websocket:message_received': v.strictObject({ text }),
  /**
   * What the object says of itself: `open` means that this end has neither called close() nor been told.
   * `bufferedBytes` wait in this process for its kernel to take them, and say nothing about the peer.
   */
  'websocket:state_read': v.strictObject({
    readyState: v.picklist(['connecting', 'open', 'closing', 'closed']),
    bufferedBytes: count,
  }),
  /**
   * This end's program ends it: `close` says goodbye and waits for the peer's, `closeTimeoutMs` at most, where it
   * has such a limit; `terminate` gives the socket up.
   */
  'websocket:ended_by': v.strictObject({
    call: v.picklist(['close', 'terminate']),
    closeTimeoutMs: v.optional(ms),
  }),
  /** Close frame received (RFC 6455 section 5.5.1); 1006 means that none came. */
  'websocket:close_received': v.strictObject({ code: count }),

  /** A client lost its connection, or did not get one, and waits before it tries again. */
  'reconnect:waiting': v.strictObject({ attempt: count, boundMs: ms, delayMs: ms }),
  /** The wait is over, `lateMs` after it should have been: this process was busy, or did not run. */
  'reconnect:tried': v.strictObject({ attempt: count, lateMs: ms }),

  // ---- kernels ----------------------------------------------------------------------------------
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
  /** From now on the socket tables are read so often; what is shorter-lived is not seen. */
  'kernel:sampling_started': v.strictObject({ everyMs: ms, because: text }),
  /** Settings of a host that decide when its kernel gives up. */
  'kernel:sysctls_read': v.strictObject({ values: v.record(text, text) }),

  // ---- the wire ---------------------------------------------------------------------------------
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
  }),
  /** From here on every packet of this host is captured. Before, or without this line, nothing is known. */
  'wire:capture_started': v.strictObject({
    /** So many packets wait in the kernel for the capture process, then they are lost. */
    packetsBuffered: count,
    /** Of each packet; the rest is not kept. */
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
  /** The cable came too late, or they were too long for it: frames lost that it was not told to lose. */
  'cable:frames_missed': v.strictObject({ ...cableEnd, frames: count }),

  /** A router stands between the hosts of a pair and translates: b sees `outside` where a is. */
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

  // ---- the lab: truth, faults, hosts ------------------------------------------------------------
  'run:started': v.strictObject({
    tier: text,
    because: text,
    pace: text,
    /** null: a lab in which nobody chooses which host is struck. */
    strike: v.nullable(text),
    seed: count,
    play: v.boolean(),
    mechanisms: v.array(text),
    environment: v.record(text, v.union([text, finite])),
  }),
  'run:ended': v.strictObject({ because: text }),
  /** From here on what happens to a pair belongs to the case of that name; not used where a fault strikes. */
  'case:started': v.strictObject({ pair: text, promise: text }),
  /**
   * The experiment names a moment of a case: what the lab did, right after it has done it. It never stands for
   * what anybody observed.
   */
  'case:marked': v.strictObject({ pair: text, mark: text }),
  /** The case has been seen to its end. */
  'case:ended': v.strictObject({ pair: text }),
  /**
   * The case cannot be shown with these hosts, or one row of it: nothing about that was observed.
   */
  'case:skipped': v.strictObject({ case: text, mechanism: v.optional(text), because: text }),
  /** What the person in front should know now; also a mark on the time line. */
  'run:progressed': v.strictObject({ message: text }),
  /**
   * What is known about `peer`, from the place of `host`: the other side of every belief. `definite`: the lab
   * did it, or whoever did it said so. `unknown`: inferred from what was observed.
   */
  'truth:updated': v.strictObject({
    peer: text,
    old: v.picklist(truths),
    new: v.picklist(truths),
    because: text,
    certainty: v.picklist(certainties),
  }),
  /** `withinMs`: its network card has been up since some moment of the time before. */
  'host:started': v.strictObject({ address: text, pair: text, withinMs: v.optional(ms) }),
  'host:process_started': v.strictObject({ processId: count }),
  'host:process_exited': v.strictObject({ code: v.nullable(finite), signal: v.nullable(text) }),
  /** In play, where anybody may do anything to a host: in what state the lab sees it from now on. */
  'host:condition_seen': v.strictObject({
    isRunning: v.boolean(),
    /** Its process is there, and does not run (SIGSTOP). */
    isStopped: v.boolean(),
    isPlugged: v.boolean(),
    /** Without it not even its kernel is there, until it is booted again. */
    hasPower: v.boolean(),
  }),
  /**
   * A process of the host ended by a signal that the lab had not sent: somebody's kill(1), or the kernel's for want
   * of memory. `what` is the host's own process or a program beside it. Not in play, where killing is the point.
   */
  'host:killed': v.strictObject({ what: text, signal: text }),
  /**
   * A fault is about to be applied. `promise` says what it does. In play it is the learner's, and was seen
   * within `uncertainMs` after it happened.
   */
  'fault:striking': v.strictObject({ ...faultDetail, promise: text, uncertainMs: v.optional(ms) }),
  /** It is applied, and something other than the act itself shows it: `verifiedBy`. */
  'fault:struck': v.strictObject({ ...faultDetail, verifiedBy: text }),
  /** It was applied and could not be seen. What follows in its cells proves nothing. */
  'fault:unverified': v.strictObject({ ...faultDetail, problem: text }),
  'fault:undone': v.strictObject({ ...faultDetail, verifiedBy: text }),
  /** The time during which the cells of one fault are observed. */
  'watch:started': v.strictObject({ ...faultDetail }),
  /** `uncertainMs`: what ended it may have begun so long before, and what happened since then may be of that. */
  'watch:ended': v.strictObject({ ...faultDetail, uncertainMs: v.optional(ms) }),
  /** The lab asked the programs of a host for something, here to write one line on open connections. */
  'host:asked': v.strictObject({ request: text, mechanisms: v.array(text) }),
  /** A command the lab ran; repeat it by hand. `status` null: it was ended by a signal or never ran. */
  'command:run': v.strictObject({
    argv: v.array(text),
    status: v.nullable(finite),
    durationMs: ms,
    stderr: v.optional(text),
  }),
  /** A program that runs on a host beside the host's own process, in a process of its own. */
  'command:started': v.strictObject({ argv: v.array(text), processId: count }),
  /** A line that it printed, as it came: somebody else's words. */
  'command:said': v.strictObject({ stream: v.picklist(['stdout', 'stderr']), line: text }),
  /** The lab sent it a signal, and to all that it started where it is a group. */
  'command:signalled': v.strictObject({ signal: text }),
  'command:ended': v.strictObject({ code: v.nullable(finite), signal: v.nullable(text) }),
  /** The lab's own timer came late: the machine was busy, and what was measured now may be late too. */
  'control:late': v.strictObject({ lateMs: ms }),

  // ---- containers -------------------------------------------------------------------------------
  /** A program runs in a container: `container` is its hostname, which is how the engine abbreviates its id. */
  'container:entered': v.strictObject({ service: text, container: text, address: text }),
  /** The container engine said that it did something: it is done, at `mono` by the engine's own clock. */
  'container:reported': v.strictObject({ container: text, action: text }),
  /** The learner said what they are about to type (`begins`), or that it has returned. */
  'container:announced': v.strictObject({ act: text, phase: v.picklist(['begins', 'returned']) }),
  /** The router passes packets on, or drops them without a word; new mappings live as long as the limit says. */
  'router:rules_updated': v.strictObject({
    forwarding: v.picklist(['open', 'cut']),
    /** After so many idle seconds a mapping is forgotten; null: the kernel's own limits are in force. */
    idleLimitSeconds: v.nullable(count),
    because: text,
  }),
  /**
   * The router began to translate for a conversation, or forgot it (`isKnown: false`): it idled too long, it
   * was closed, or somebody flushed the table. Neither end is told.
   */
  'router:mapping_updated': v.strictObject({
    protocol: v.picklist(['tcp', 'udp']),
    /** As the client has it. */
    client: socketAddress,
    /** Where the server sees it coming from. */
    outside: socketAddress,
    server: socketAddress,
    isKnown: v.boolean(),
  }),

  // ---- the recorder -----------------------------------------------------------------------------
  /** A line of an event file that is no event of this vocabulary. */
  'recorder:line_refused': v.strictObject({ file: text, line: count, problem: text, excerpt: text }),
} as const

export type EventName = keyof typeof vocabulary
export type EventData<N extends EventName> = v.InferOutput<(typeof vocabulary)[N]>

/** One line of an event file. */
export const envelope = v.strictObject({
  /**
   * CLOCK_MONOTONIC in nanoseconds, as a decimal string (it does not fit a JSON number). All processes
   * and containers of one kernel share this clock; two machines do not.
   */
  mono: v.pipe(text, v.regex(/^\d{1,18}$/)),
  /** Counts the lines of one incarnation of a process from 0: a hole proves a loss. */
  seq: count,
  run: text,
  lab: text,
  host: name,
  /** 1 for the first process of this host, 2 after a reboot. */
  incarnation: count,
  program: text,
  /** As the process itself sees it. Another terminal may see another: `outerPid`. */
  pid: count,
  name: v.picklist(Object.keys(vocabulary) as [EventName, ...EventName[]]),
  /** The connection or session: mechanism and client port, `tcp-idle:41234`, the same at both ends. */
  group_id: v.optional(text),
  data: v.unknown(),
})
type Envelope = Omit<v.InferOutput<typeof envelope>, 'name' | 'data'>

/** One line of a run's `events.ndjson`: with what the recorder adds. */
export const recordedEnvelope = v.strictObject({
  ...envelope.entries,
  /** Milliseconds since the run began, derived from `mono`. */
  time: v.pipe(v.number(), v.minValue(TIME_MIN_MS), v.maxValue(TIME_MAX_MS)),
  /** The pid another terminal sees, where it differs and is known. */
  outerPid: v.optional(count),
})
type Recorded = Pick<v.InferOutput<typeof recordedEnvelope>, 'time' | 'outerPid'>

/** One event as checks and views read it: `event.name` decides the type of `event.data`. */
export type LabEvent = {
  [N in EventName]: Envelope & Recorded & { name: N; data: EventData<N> }
}[EventName]

/** The event of one name. */
export type EventOf<N extends EventName> = Extract<LabEvent, { name: N }>

/** The address of an event, used as evidence: `cut-a.1/tcp-client#41`. */
export function addressOf(event: Pick<LabEvent, 'host' | 'incarnation' | 'program' | 'seq'>): string {
  return `${event.host}.${event.incarnation}/${event.program}#${event.seq}`
}
