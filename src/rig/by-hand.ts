/** What a learner's key or button does to a host in `--play`. What it came to is for the lab to see. */
import type { Target } from '../faults/fault.ts'
import { pullThePlug } from '../faults/power-off.ts'
import { faults } from '../faults/registry.ts'
import type { PlayAction } from '../plan/play-command.ts'

/** Closing nine connections properly takes milliseconds; a host that needs longer is stuck. */
const EXIT_WITHIN_MS = 3000

/**
 * Acts on `struck` of the target, and resolves when it is done. That it makes sense now is for the caller to know.
 * @throws Error, FaultError when it cannot be done
 */
export async function act(action: PlayAction, target: Target): Promise<void> {
  const { struck: host, network } = target
  const { process } = host
  switch (action) {
    case 'exit': {
      // The answer is the end of the process.
      process?.ask('exit', null).catch(() => {})
      const late = new Error(`its process has not ended in ${EXIT_WITHIN_MS / 1000} s`)
      let timer: NodeJS.Timeout | undefined
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(late), EXIT_WITHIN_MS)
      })
      await Promise.race([process?.exited, tooLate]).finally(() => clearTimeout(timer))
      return
    }
    case 'kill':
      process?.signal('SIGKILL')
      await process?.exited
      return
    case 'freeze':
      return process?.signal('SIGSTOP')
    case 'continue':
      return process?.signal('SIGCONT')
    case 'start':
      return target.restartPrograms(host)
    case 'cut':
      return network?.unplug(host)
    case 'mend':
      return network?.plug(host)
    case 'power-off':
      return pullThePlug(target)
    case 'reboot':
    case 'reset':
      await faults[action].strike(target)
  }
}
