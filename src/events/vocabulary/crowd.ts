/** What is said of all connections of a row at once: a line for each of thousands would cost more than they do. */
import * as v from 'valibot'
import { count, ms, socketAddress } from './fields.ts'

export const crowdEvents = {
  /** A program that serves many begins to: TCP with a queue for so many, or UDP with such a receive buffer. */
  'crowd:serving': v.strictObject({
    local: socketAddress,
    backlog: v.optional(count),
    receiveBufferBytes: v.optional(count),
  }),
  /** So many connections came up at this end since the line before, within `withinMs` until this one. */
  'crowd:connected': v.strictObject({ peers: count, withinMs: ms }),
  /** So many ended at this end, whoever ended them. */
  'crowd:disconnected': v.strictObject({ peers: count, withinMs: ms }),
  /** So many attempts to connect were refused. */
  'crowd:refused': v.strictObject({ peers: count, withinMs: ms }),
  /** So many waits were over, and as many connections were asked for; the latest wait was over `lateMs` too late. */
  'crowd:tried': v.strictObject({ peers: count, withinMs: ms, lateMs: ms }),
  /** This end suspects so many of its peers: it has heard nothing of them for as long as it allows. */
  'crowd:suspected': v.strictObject({ peers: count, withinMs: ms }),
  /** It has heard of so many whom it had suspected. */
  'crowd:trusted': v.strictObject({ peers: count, withinMs: ms }),
  /** So many datagrams were read, and as many sent by as many peers. */
  'crowd:heard': v.strictObject({ peers: count, withinMs: ms }),
  'crowd:spoke': v.strictObject({ peers: count, withinMs: ms }),
  /** The program stood still in the middle of its own work, as in a long calculation: until now it read nothing. */
  'crowd:stalled': v.strictObject({ stalledMs: ms }),
  /** So many visitors were known by their cookies. */
  'crowd:recognised': v.strictObject({ peers: count, of: count }),
  /** What holding them costs this process and its kernel at this moment. */
  'crowd:measured': v.strictObject({
    /** Open connections of the row at this end; for `http`, sessions. */
    held: count,
    /** Memory that it uses of what it has; after the garbage was collected, where it was. */
    usedBytes: count,
    /** Open descriptors; null where the system does not tell. */
    descriptors: v.nullable(count),
    /** Processor time of this process since it began, user and system. */
    processorMs: ms,
    /** Heartbeats that it has heard since it began. */
    heard: count,
    /** What the kernel keeps and cannot give back, for whoever on the whole machine; null where it does not tell. */
    slabBytes: v.nullable(count),
  }),
  /** One UDP socket, as its kernel has it: bytes that wait to be read, with all that it counts for them. */
  'crowd:datagrams_read': v.strictObject({
    local: socketAddress,
    waitingBytes: count,
    /** Thrown away since it was opened, since its buffer was full. */
    drops: count,
  }),
} as const
