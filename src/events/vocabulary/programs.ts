/** What programs say: of their sockets, their peers, what they were asked and what they answered. */
import * as v from 'valibot'
import { certainties, count, finite, ms, nothing, socketAddress, text } from './fields.ts'

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
  'kernel_has_none', // this end's kernel has the connection no more: why, its packets may tell
] as const
export type Trigger = (typeof triggers)[number]

/** What the number of a datagram tells beside those that came before (RFC 4737, RFC 5560). */
export const arrivals = ['in-order', 'reordered', 'duplicate'] as const
export type Arrival = (typeof arrivals)[number]

/** Of a telephone. `busy`: it hears the tone. */
const telephoneStates = ['idle', 'calling', 'talking', 'busy'] as const
export type TelephoneState = (typeof telephoneStates)[number]
/** What its exchange said, what its user did, or that its own link is down. */
const telephoneTriggers = [
  'called',
  'connected',
  'busy',
  'ringing',
  'hung-up',
  'cleared',
  'lost',
  'no-carrier',
] as const
export type TelephoneTrigger = (typeof telephoneTriggers)[number]

/** Which way something travels through a relay. */
export const relayDirections = ['to-server', 'to-client'] as const
export type RelayDirection = (typeof relayDirections)[number]
export const relayModes = ['pass', 'drop', 'hold', 'late'] as const
export type RelayMode = (typeof relayModes)[number]
/** The ends of a connection that a proxy makes two of. */
export const proxyEnds = ['client', 'server'] as const
export type ProxyEnd = (typeof proxyEnds)[number]

export const programEvents = {
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
    /** Where it is connected: the largest IP packet that its kernel believes to get there whole (IP_MTU). */
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
   * How many events were not told, about addresses that have not proved that they receive: anybody can send in
   * the name of any address, and must not fill this log with it.
   */
  'udp:strangers_untold': v.strictObject({ events: count }),
  /** On a connected UDP socket: an ICMP message came back for an earlier datagram (RFC 1122 4.1.3.3). */
  'udp:error_received': v.strictObject({ code: text, syscall: v.optional(text) }),

  /** A telephone is in another state than before: src/programs/scripts/telephone/script.ts. */
  'telephone:call_updated': v.strictObject({
    line: count,
    old: v.picklist(telephoneStates),
    new: v.picklist(telephoneStates),
    trigger: v.picklist(telephoneTriggers),
  }),
  /** Calls of a schedule were made one after the other, as their times say; its seconds pass as fast as the answers come. */
  'telephone:calls_played': v.strictObject({ calls: count, busy: count, unanswered: count, tookMs: ms }),
  /** Speech of a schedule was sent, in its time. */
  'telephone:talked': v.strictObject({ to: socketAddress, voices: count, tookMs: ms }),
  /** Speech that arrived since this was asked last, and how old it was then. */
  'telephone:heard': v.strictObject({ voices: count, meanMs: ms, maxMs: ms }),
  /**
   * To a datagram that may pass so many hosts came this answer by ICMP; `from` null: none came in time. Whoever says
   * `time to live exceeded` is a router on the way of that flow; `port unreachable` says the host at its end.
   */
  'trace:answered': v.strictObject({
    timeToLive: count,
    from: v.nullable(text),
    says: v.nullable(text),
    roundTripMs: v.nullable(ms),
  }),

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
  /** `misplaced`: how many of its numbered lines did not follow the one before; not there where nobody looked. */
  'tcp:received': v.strictObject({ bytes: count, misplaced: v.optional(count) }),
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
  /**
   * Nothing had passed for `idleMs`, and nothing of either leg will pass any more. Those who are told see it in a flag of
   * TCP; who is not goes on believing in a connection that the relay's kernel keeps up.
   */
  'relay:forgot': v.strictObject({
    idleMs: ms,
    told: v.array(v.picklist(proxyEnds)),
    by: v.picklist(['FIN', 'RST']),
  }),
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
   * The session of a cookie began, went on, or was refused, as the end that logs it sees it. `session` is a short
   * digest of the session id: enough to recognise it, useless to a thief.
   */
  'http-session:started': v.strictObject({ session: text }),
  'http-session:continued': v.strictObject({ session: text, requests: count }),
  'http-session:denied': v.strictObject({ session: text, status: count }),

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
} as const
