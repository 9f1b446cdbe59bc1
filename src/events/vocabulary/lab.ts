/** What the lab says, which knows the truth because it did it; containers, whom others start; and the recorder. */
import * as v from 'valibot'
import { certainties, count, finite, ms, socketAddress, text } from './fields.ts'

/** What is true of a host's peer, known to the lab because the lab did it. */
export const truths = ['absent', 'answering', 'frozen', 'unreachable', 'gone'] as const
export type Truth = (typeof truths)[number]

const faultDetail = { fault: text, pair: text, struck: text }

export const labEvents = {
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
  /** All hosts and what they need are up: the experiment itself begins. */
  'run:hosts_ready': v.strictObject({}),
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
  'host:started': v.strictObject({
    address: text,
    address6: v.optional(text),
    pair: text,
    withinMs: v.optional(ms),
  }),
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
  /** One of its processes holds the socket of this connection. Looked for now and then: a short one may be missed. */
  'command:holds': v.strictObject({ processId: count }),
  /** The lab sent it a signal, and to all that it started where it is a group. */
  'command:signalled': v.strictObject({ signal: text }),
  'command:ended': v.strictObject({ code: v.nullable(finite), signal: v.nullable(text) }),
  /** The lab's own timer came late: the machine was busy, and what was measured now may be late too. */
  'control:late': v.strictObject({ lateMs: ms }),
} as const

export const containerEvents = {
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
    /** In force for so long already, at most: since they were asked for. */
    uncertainMs: v.optional(ms),
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
} as const

export const recorderEvents = {
  /** A line of an event file that is no event of this vocabulary. */
  'recorder:line_refused': v.strictObject({ file: text, line: count, problem: text, excerpt: text }),
} as const
