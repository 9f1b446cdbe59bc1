/** Why a process cannot be read: it ended, or it is not ours to see. */
import { ZOMBIE } from '../kernel/foreign-process.ts'

/** Whether there is no such process, or no longer. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(codeOf(error))
}

/** Whether another user's process, or one that hides itself, was asked for. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes(codeOf(error))
}

/** Whether it has ended and its parent has not asked how. */
export function isZombie(error: unknown): boolean {
  return codeOf(error) === ZOMBIE
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}
