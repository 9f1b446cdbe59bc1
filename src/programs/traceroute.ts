/**
 * Which way does a flow take? Nobody can be asked that but the routers themselves. A datagram that may pass one host
 * only (its time to live, RFC 791 section 3.2) dies at the first router, which says so by ICMP and thereby who it is;
 * one that may pass two dies at the second; and the host at the end says that nobody listens at that port.
 *
 *   a                      p                    b
 *   | -- TTL 1 ----------> X                    |
 *   | <- "exceeded" ------ |                    |
 *   | -- TTL 2 ----------> | -- TTL 1 --------> | nobody has that port
 *   | <------------------- | <- "unreachable" - |
 *
 * Other programs of the kind count up the port. Here it stays: a router that has several ways chooses by addresses
 * and ports, and each datagram might go another way than the flow that one asked about.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../events/emit.ts'
import type { EventData } from '../events/vocabulary.ts'
import { UsageError } from '../foreign/usage.ts'
import { type IcmpAnswer, openIcmpSocket, type SocketName } from '../kernel/icmp-socket.ts'
import { optionalInteger, runByHand, runsAsFile, socketAddress } from './parts/command-line.ts'
import { groupIdOf } from './parts/tcp-events.ts'

export interface TraceOptions {
  mechanism: string
  /** The flow: where it begins (port 0: any free one) and where it ends. */
  from: SocketName
  to: SocketName
  hopsMax?: number | undefined
}

export type Hop = EventData<'trace:answered'>

/** The Internet is seldom wider than that. */
const HOPS_MAX = 30
/** A router across the world answers in a third of it; one that says nothing is not waited for longer. */
const ANSWER_WITHIN_MS = 1000
const LOOK_EVERY_MS = 2
/** RFC 792: what a router says, and what the end. */
const TIME_EXCEEDED = 11
const UNREACHABLE = 3
const UNREACHABLE_WORDS: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  3: 'port unreachable',
}

/** Asks, host by host, until somebody says that it goes no farther. @throws Error where the system cannot do it */
export async function traceRoute(options: TraceOptions, emit: Emitter): Promise<Hop[]> {
  const { mechanism, from, to, hopsMax = HOPS_MAX } = options
  const socket = openIcmpSocket(from, to)
  const hops: Hop[] = []
  try {
    for (let timeToLive = 1; timeToLive <= hopsMax; timeToLive++) {
      const sentAt = performance.now()
      socket.send(Buffer.from(`who is ${timeToLive} away?`), timeToLive)
      const answer = await answerTo(() => socket.answer(), sentAt + ANSWER_WITHIN_MS)
      const hop: Hop = {
        timeToLive,
        from: answer?.from ?? null,
        says: answer === null ? null : wordsOf(answer),
        roundTripMs: answer === null ? null : performance.now() - sentAt,
      }
      emit('trace:answered', hop, groupIdOf(mechanism, from.port))
      hops.push(hop)
      if (answer !== null && answer.type !== TIME_EXCEEDED) break
    }
  } finally {
    socket.close()
  }
  return hops
}

async function answerTo(look: () => IcmpAnswer | null, until: number): Promise<IcmpAnswer | null> {
  for (;;) {
    const answer = look()
    if (answer !== null || performance.now() > until) return answer
    await delay(LOOK_EVERY_MS)
  }
}

function wordsOf({ type, code }: IcmpAnswer): string {
  if (type === TIME_EXCEEDED) return 'time to live exceeded'
  return (type === UNREACHABLE && UNREACHABLE_WORDS[code]) || `ICMP type ${type}, code ${code}`
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'traceroute',
    about: 'Asks every router on the way of one flow who it is.',
    mechanism: 'traceroute',
    flags: {
      to: { type: 'string', value: 'ADDRESS:PORT', help: 'where the flow ends; nobody should listen there' },
      from: { type: 'string', default: '0.0.0.0:0', value: 'ADDRESS:PORT', help: 'where it begins' },
      hops: { type: 'string', value: 'NUMBER', help: `how far to ask at most (${HOPS_MAX})` },
    },
    async start(values, emit) {
      if (values.to === undefined) throw new UsageError('"--to" is missing')
      const from = socketAddress(values, 'from', 0)
      const to = socketAddress(values, 'to', 1)
      const hopsMax = optionalInteger(values, 'hops', 1, 255)
      await traceRoute({ mechanism: 'traceroute', from, to, hopsMax }, emit)
      return { port: from.port, close: async () => {} }
    },
  })
}
