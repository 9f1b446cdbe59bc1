/** What a learner may do to a pair of hosts in `--play` by key or button: every fault, and its undo. */
import { type HostSide, hostSides } from '../events/host-names.ts'

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
