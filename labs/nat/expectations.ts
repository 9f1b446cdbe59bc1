/**
 * What should be seen, computed from the rules and settings of a router, the options of sockets and what was
 * measured. Pure.
 */
import { RTO_MIN_MS, type Span } from '../../src/kernel/give-up.ts'
import { timerLatenessMs } from '../../src/kernel/jiffies.ts'
import type { Keepalive } from '../../src/kernel/socket-options.ts'

/** A router, as its own kernel and its rules say. */
export interface RouterInForce {
  /** It learns a connection anew from a segment in its middle. */
  isLoose: boolean
  randomPorts: boolean
  /** What it does with a segment that belongs to nothing. */
  invalid: 'forward' | 'drop' | 'reset'
  /** What it does with a packet from outside that is for nobody inside, and so for the router itself. */
  input: 'answer' | 'drop'
  /** How long it remembers what is idle: TCP, UDP without and with answers. */
  tcpMs: number
  udpMs: number
  udpStreamMs: number
}

/** @param started what is in force, as `router:started` has it */
export function routerInForce({
  rules,
  sysctls,
}: {
  rules: string
  sysctls: Readonly<Record<string, string>>
}): RouterInForce {
  const setting = (name: string) => Number(sysctls[`net/netfilter/nf_conntrack_${name}`] ?? Number.NaN)
  return {
    isLoose: setting('tcp_loose') === 1,
    randomPorts: rules.includes('masquerade random'),
    invalid: onInvalid(rules),
    input: /hook input [^}]* drop;/.test(rules) ? 'drop' : 'answer',
    tcpMs: setting('tcp_timeout_established') * 1000,
    udpMs: setting('udp_timeout') * 1000,
    udpStreamMs: setting('udp_timeout_stream') * 1000,
  }
}

function onInvalid(rules: string): RouterInForce['invalid'] {
  if (rules.includes('reject with tcp reset')) return 'reset'
  return rules.includes('ct state invalid drop') ? 'drop' : 'forward'
}

/** What becomes of the first segment after the router has forgotten. */
export type Fate =
  /** It arrives as if nothing had happened: the router has learned the connection anew. */
  | 'arrives'
  /** The other end's kernel says: I know no such connection. It sees another address or port. */
  | 'reset by the other end'
  | 'reset by the router'
  | 'silence'

/** What is seen of a fate. */
export interface Signs {
  /** Of the segment, after "the client speaks:". */
  words: string
  /** What the program that spoke is told; null: nothing. */
  error: 'ECONNRESET' | 'ETIMEDOUT' | null
  /** The segment comes out of the other side of the router. */
  passes: boolean
}

export const SIGNS: Readonly<Record<Fate, Signs>> = {
  arrives: { words: 'it arrives as if nothing had happened', error: null, passes: true },
  'reset by the other end': {
    words: 'answered with RST, by the other kernel',
    error: 'ECONNRESET',
    passes: true,
  },
  'reset by the router': { words: 'answered with RST, by the router', error: 'ECONNRESET', passes: false },
  silence: { words: 'it vanishes, until its own kernel gives up', error: 'ETIMEDOUT', passes: false },
}

/**
 * From inside the router has to translate a segment that it knows nothing of: it learns the connection anew
 * (nf_conntrack_tcp_loose), under the same port unless it takes one at random, or the segment is `invalid`.
 * From outside nothing says which host inside it is for: the router takes it for its own, and its kernel
 * answers RST.
 */
export function fateOf(first: 'client' | 'server', router: RouterInForce): Fate {
  if (first === 'server') return router.input === 'drop' ? 'silence' : 'reset by the router'
  if (router.isLoose) return router.randomPorts ? 'reset by the other end' : 'arrives'
  const fates = { forward: 'reset by the other end', drop: 'silence', reset: 'reset by the router' } as const
  return fates[router.invalid]
}

/**
 * From which port the server sees a client that speaks again, after its own late answer went to the router
 * itself. A router that answers such packets remembers them like any other, from b to its own port; so that
 * port is taken when the client's datagram is to be translated (nf_nat_used_tuple()). One that drops them at
 * the door never comes to remember them.
 */
export function portAfterLateAnswer({
  input,
}: Pick<RouterInForce, 'input'>): 'the same port' | 'another port' {
  return input === 'drop' ? 'the same port' : 'another port'
}

/** How many probes go out in a time in which all are answered and nothing else passes. */
export function probesIn(
  durationMs: number,
  { idleMs }: Keepalive,
  jiffyMs: number,
): { min: number; max: number } {
  return {
    min: Math.floor(durationMs / (idleMs + timerLatenessMs(idleMs, jiffyMs))),
    max: Math.ceil(durationMs / idleMs),
  }
}

/** A table shows whole seconds, rounded down. */
const WHOLE_SECOND_MS = 1000

/** How long a table still shows for a mapping on which the last packet passed `ageMs` ago. */
export function stillRemembered(limitMs: number, ageMs: number): { min: number; max: number } {
  return { min: Math.max(0, Math.floor(limitMs - ageMs - WHOLE_SECOND_MS)), max: limitMs }
}

/**
 * The retransmission timeout R of a connection of which only packets were seen: after the tail loss probe come
 * pauses of R, 2R, 4R, ..., each as late as the machine was busy and never early (`give-up.ts`).
 * @param sentAgainMs the tail loss probe first
 * @returns null when too little was sent again to tell
 */
export function timeoutFrom(sentAgainMs: readonly number[], jiffyMs: number): Span | null {
  const pauses = sentAgainMs.slice(1).map((time, index) => (time - (sentAgainMs[index] ?? time)) / 2 ** index)
  if (pauses.length === 0) return null
  const maxMs = Math.max(RTO_MIN_MS, Math.floor(Math.min(...pauses) / jiffyMs) * jiffyMs)
  return { minMs: RTO_MIN_MS, maxMs }
}
