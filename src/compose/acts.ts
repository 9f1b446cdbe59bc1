/**
 * What a learner may do to the containers, as they would type it: what it is called in the log,
 * and what it comes down to. The engine does it, or the router; the lab only looks.
 */
import type { KeepaliveFault } from '../../labs/keepalive/faults.ts'

/** What an act does to what it strikes. */
export type Effect =
  /** Its programs end in order, and its network with them. */
  | 'stopped'
  | 'killed'
  | 'frozen'
  /** It is off its network: it knows, its peers are not told. */
  | 'disconnected'
  /** Nothing passes between the networks. */
  | 'cut'
  /** What was translated until now is not any more. */
  | 'forgotten'
  /** It is as it was. */
  | 'undone'

export interface Act {
  /** As it is announced and printed: `pause server`. */
  readonly id: string
  readonly strikes: 'server' | 'client' | 'router'
  readonly effect: Effect
  /** With which of the lab's faults it is compared; null: it is an undo, or nothing of the lab's is like it. */
  readonly fault: KeepaliveFault | null
  /** What to type. */
  readonly command: string
  readonly promise: string
  /** What to expect, where none of the lab's faults is like it. */
  readonly expected?: Readonly<Record<string, { words: string; why: string }>>
}

const endpointActs = (service: 'server' | 'client'): Act[] => [
  {
    id: `kill ${service}`,
    strikes: service,
    effect: 'killed',
    fault: 'kill',
    command: `docker compose kill ${service}`,
    promise: 'SIGKILL for its process; its kernel says goodbye in its name, and is gone a moment later',
  },
  {
    id: `pause ${service}`,
    strikes: service,
    effect: 'frozen',
    fault: 'freeze',
    command: `docker compose pause ${service}`,
    promise: 'its process stops running; its kernel goes on acknowledging',
  },
  {
    id: `unpause ${service}`,
    strikes: service,
    effect: 'undone',
    fault: null,
    command: `docker compose unpause ${service}`,
    promise: 'it runs again, and reads what has waited for it',
  },
  {
    id: `stop ${service}`,
    strikes: service,
    effect: 'stopped',
    fault: 'exit',
    command: `docker compose stop ${service}`,
    promise: 'SIGTERM: its programs close their sockets properly and end',
  },
  {
    id: `restart ${service}`,
    strikes: service,
    effect: 'stopped',
    fault: 'exit',
    command: `docker compose restart ${service}`,
    promise: 'the same, and it is back after a second or two with nothing remembered',
  },
  {
    id: `start ${service}`,
    strikes: service,
    effect: 'undone',
    fault: null,
    command: `docker compose start ${service}`,
    promise: 'its programs start with nothing remembered',
  },
  {
    id: `disconnect ${service}`,
    strikes: service,
    effect: 'disconnected',
    fault: 'cut',
    command: `docker network disconnect {network} {container}`,
    promise: 'its network card is taken out; no FIN, nobody is told',
  },
  {
    id: `connect ${service}`,
    strikes: service,
    effect: 'undone',
    fault: null,
    command: `docker network connect --ip {address} {network} {container}`,
    promise: 'the card is put in again, with the same address',
  },
]

export const acts: readonly Act[] = [
  {
    id: 'cut',
    strikes: 'router',
    effect: 'cut',
    fault: 'cut',
    command: 'docker compose exec router strike cut',
    promise: 'the router passes nothing on; no FIN, no ICMP, nobody is told',
  },
  {
    id: 'mend',
    strikes: 'router',
    effect: 'undone',
    fault: null,
    command: 'docker compose exec router strike mend',
    promise: 'it passes packets on again',
  },
  {
    id: 'limit 5',
    strikes: 'router',
    effect: 'forgotten',
    fault: null,
    command: 'docker compose exec router strike limit 5',
    promise:
      'the router forgets what idles for 5 s, and drops what it does not know; this applies to conversations that begin now: docker compose restart client',
    expected: {
      'tcp-idle': {
        words: 'nothing, at both ends, while the router forgets it',
        why: 'nobody sends, so nobody finds out; what is sent next will be dropped',
      },
      'tcp-keepalive': { words: 'nothing', why: 'a probe every 2 s: the router hears of it in time' },
      'tcp-heartbeat': { words: 'nothing', why: 'so does a heartbeat a second' },
    },
  },
  {
    id: 'limit off',
    strikes: 'router',
    effect: 'undone',
    fault: null,
    command: 'docker compose exec router strike limit off',
    promise: 'the kernel has its own limits again: five days for TCP',
  },
  {
    id: 'forget',
    strikes: 'router',
    effect: 'forgotten',
    fault: null,
    command: 'docker compose exec router strike forget',
    promise: 'it forgets every conversation now: those of TCP are over, and neither end is told',
    expected: {
      udp: { words: 'nothing', why: 'the next datagram from inside makes a new entry' },
      'udp-heartbeat': { words: 'nothing', why: 'the next PING makes a new entry' },
      'tcp-idle': { words: 'nothing', why: 'nobody sends, so nobody finds out' },
      'tcp-keepalive': { words: 'down, as after a cut', why: 'its probes are dropped' },
      'tcp-busy': { words: 'down, as after a cut', why: 'its segments are dropped' },
      'tcp-user-timeout': { words: 'down, as after a cut', why: 'its segments are dropped' },
      'tcp-heartbeat': { words: 'down, as after a cut', why: 'neither end hears the other' },
      'http-session': {
        words: 'suspect, then the session goes on',
        why: 'over a new connection, which is let in',
      },
      websocket: { words: 'down, as after a cut', why: 'neither end hears the other' },
    },
  },
  ...endpointActs('server'),
  ...endpointActs('client'),
]

export function actOf(id: string): Act | undefined {
  return acts.find((act) => act.id === id)
}
