/** What the sockets are like that forecasts are held against: drawn, and the same again for the same seed. */

/** What the program does with its connection, and in which state that leaves it. */
export type Scenario =
  | 'idle'
  | 'busy'
  | 'several-in-flight'
  | 'window-closed'
  | 'fin-behind-window'
  | 'fin-lost'
  | 'half-closed'
  | 'close-wait'
  | 'last-ack'
  | 'connecting'

export interface Draw {
  id: number
  group: number
  scenario: Scenario
  /** Seconds and a count; each may be left as the system has it. null: off. */
  keepalive: { idle?: number; interval?: number; probes?: number } | null
  userTimeoutMs: number
  /** TCP_RTO_MAX_MS and TCP_SYNCNT; 0: not set. */
  rtoMaxMs: number
  synCount: number
  /** What is lost is sent so long after the peer fell silent. */
  sendAfterMs: number
}

/** A pair of hosts, and how its peer falls silent. */
export interface Group {
  /**
   * `drop`: nothing passes, nobody is told. `port-out`: the same, and the neighbour's address is asked for in vain.
   * `no-route`: it is the own host that sends nothing.
   */
  fault: 'drop' | 'port-out' | 'freeze' | 'no-route'
  sysctls: Record<string, string>
  /** Of the route, in milliseconds; 0: not set. */
  routeRtoMinMs: number
}

export interface Drawn {
  groups: Group[]
  sockets: Draw[]
  /** When everything is looked at, in milliseconds after the peers fell silent. */
  looksAtMs: number[]
}

const SOCKETS_A_GROUP = 50
const LOOKS = 8

export function draw(seed: number, count: number, watchMs: number): Drawn {
  const random = generator(seed)
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const one = <T>(...of: T[]): T => of[whole(0, of.length - 1)] as T
  const faults = ['drop', 'port-out', 'freeze', 'no-route'] as const
  const groups = Array.from(
    { length: Math.max(4, Math.ceil(count / SOCKETS_A_GROUP)) },
    (_, index): Group => {
      const rtoMaxMs = one(0, 0, 1000, whole(1000, 8000))
      const rtoMinUs = one(0, 0, 0, 10_000, whole(20_000, 900_000))
      return {
        fault: faults[index % faults.length] as Group['fault'],
        routeRtoMinMs: one(0, 0, 0, 20, whole(100, 1200)),
        sysctls: {
          // Not 1: a window that closes may then end a connection whose peer is well, since a kernel answers
          // window probes twice a second at most; the forecast says so, and cannot say when.
          'net/ipv4/tcp_retries2': String(whole(2, 6)),
          'net/ipv4/tcp_syn_retries': String(whole(1, 4)),
          'net/ipv4/tcp_syn_linear_timeouts': String(whole(0, 4)),
          'net/ipv4/tcp_early_retrans': one('0', '3', '3', '3'),
          ...(rtoMaxMs > 0 ? { 'net/ipv4/tcp_rto_max_ms': String(rtoMaxMs) } : {}),
          ...(rtoMinUs > 0 ? { 'net/ipv4/tcp_rto_min_us': String(rtoMinUs) } : {}),
        },
      }
    },
  )
  const scenarios: Scenario[] = ['idle', 'idle', 'idle', 'busy', 'busy', 'several-in-flight', 'window-closed']
  scenarios.push('fin-behind-window', 'fin-lost', 'half-closed', 'close-wait', 'last-ack', 'connecting')
  const seconds = (from: number, to: number) =>
    one(undefined, whole(from, to), whole(from, to), whole(from, to))
  const sockets = Array.from({ length: count }, (_, id): Draw => {
    const [idle, interval, probes] = [seconds(1, 6), seconds(1, 8), seconds(1, 4)]
    return {
      id,
      group: id % groups.length,
      scenario: one(...scenarios),
      keepalive: one(true, true, false)
        ? {
            ...(idle === undefined ? {} : { idle }),
            ...(interval === undefined ? {} : { interval }),
            ...(probes === undefined ? {} : { probes }),
          }
        : null,
      userTimeoutMs: one(0, 0, whole(300, 15_000), whole(1, 12) * 1000 + whole(0, 60)),
      rtoMaxMs: one(0, 0, 0, whole(1000, 5000)),
      synCount: one(0, 0, whole(1, 5)),
      sendAfterMs: whole(0, 2000),
    }
  })
  const looksAtMs = Array.from({ length: LOOKS }, () => whole(200, watchMs * 0.6)).sort((a, b) => a - b)
  return { groups, sockets, looksAtMs }
}

/** Numbers in 0..1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
