/** What a learner's key or button does to a host in `--play`. */
import type { Target } from '../faults/fault.ts'
import { faults } from '../faults/registry.ts'
import type { PlayAction } from './play-command.ts'

/**
 * Acts on `struck` of the target. An action that makes no sense now (mend what is whole, kill what is gone)
 * does nothing.
 * @throws Error, FaultError when it cannot be done, or cannot be seen to have happened
 */
export async function act(action: PlayAction, target: Target): Promise<void> {
  const { struck: host, network } = target
  switch (action) {
    case 'exit':
      // The answer is the end of the process.
      host.process?.ask('exit', null).catch(() => {})
      return
    case 'kill':
      return host.process?.signal('SIGKILL')
    case 'freeze':
      return host.process?.signal('SIGSTOP')
    case 'continue':
      return host.process?.signal('SIGCONT')
    case 'start': {
      const isRunning = host.process !== null && host.process.exit === null
      return isRunning ? undefined : target.restartPrograms(host)
    }
    case 'cut':
      return network?.unplug(host)
    case 'mend':
      return network?.plug(host)
    case 'power-off':
    case 'reboot':
    case 'reset':
      await faults[action].strike(target)
  }
}
