/** What a learner may do to a pair of hosts in `--play` by key or button: every fault, and its undo. */
import { type HostSide, hostSides } from '../events/host-names.ts'
import type { EventData } from '../events/vocabulary.ts'

/** The name of the pair that `--play` boots. */
export const PLAY_PAIR = 'play'

export const playActions = [
  'exit',
  'kill',
  'start',
  'freeze',
  'continue',
  'cut',
  'mend',
  'power-off',
  'reboot',
  'reset',
] as const
export type PlayAction = (typeof playActions)[number]

export interface PlayCommand {
  action: PlayAction
  host: HostSide
}

/** Whether something that came over a channel is such a command. */
export function isPlayCommand(value: unknown): value is PlayCommand {
  if (typeof value !== 'object' || value === null) return false
  const { action, host } = value as Partial<Record<keyof PlayCommand, unknown>>
  return (
    (playActions as readonly unknown[]).includes(action) && (hostSides as readonly unknown[]).includes(host)
  )
}

/** In what state a host is seen to be. */
export type HostCondition = EventData<'host:condition_seen'>

/** Nothing is wrong with it. */
export const WELL: HostCondition = { isRunning: true, isStopped: false, isPlugged: true, hasPower: true }

/**
 * Why a command makes no sense now, for whoever would give it; null when it does.
 * @param conditions in what state both hosts are seen to be
 */
export function whyNotNow(
  { action, host }: PlayCommand,
  conditions: Readonly<Record<HostSide, HostCondition>>,
): string | null {
  const { isRunning, isStopped, isPlugged, hasPower } = conditions[host]
  switch (action) {
    case 'exit':
    case 'reset':
      if (isRunning && isStopped) return 'it is frozen: continue it first'
      return isRunning ? null : 'no process is left: start it first'
    case 'kill':
      return isRunning ? null : 'no process is left: start it first'
    case 'freeze':
      if (isRunning) return isStopped ? 'it is frozen' : null
      return 'no process is left: start it first'
    case 'continue':
      return isRunning && isStopped ? null : 'it is not frozen'
    case 'start':
      if (isRunning) return 'it runs'
      if (!hasPower) return 'it has no power: reboot it'
      return isPlugged ? whyNobodyToCall(host, conditions) : 'its cable is out: mend it first'
    case 'cut':
      if (!hasPower) return 'it has no power'
      return isPlugged ? null : 'its cable is out'
    case 'mend':
      if (!hasPower) return 'it has no power: reboot it'
      return isPlugged ? 'its cable is in' : null
    case 'power-off':
      return hasPower ? null : 'it has no power'
    case 'reboot':
      return whyNobodyToCall(host, conditions)
  }
}

/** Clients that start connect at once. */
function whyNobodyToCall(host: HostSide, { b }: Readonly<Record<HostSide, HostCondition>>): string | null {
  if (host === 'b') return null
  const isThere = b.isRunning && !b.isStopped && b.isPlugged
  return isThere ? null : 'its clients would find no servers: bring b back first'
}
