/** The lab's handle on the process that is the switches and hubs of a run. */
import { type FromHelper, type HelperIdentity, HelperProcess } from '../helper-process.ts'
import type { SwitchKind, ToSwitches } from './messages.ts'

/** A switch that cannot be had, or no longer: `message` says why. */
export class SwitchError extends Error {
  override name = 'SwitchError'
}

export class SwitchProcess {
  readonly #process: HelperProcess<ToSwitches>

  /**
   * Starts it in the namespaces of this process.
   * @param bundle the JavaScript file that `src/processes/switch.ts` was bundled to
   * @throws SwitchError with its last words when it does not start
   */
  static async start(bundle: string, identity: HelperIdentity): Promise<SwitchProcess> {
    const started = new SwitchProcess(bundle, identity)
    check(await started.#process.started)
    return started
  }

  private constructor(bundle: string, identity: HelperIdentity) {
    this.#process = new HelperProcess('the switch process', bundle, identity)
  }

  /** Connects the interfaces of these names, or connects them anew. @throws SwitchError */
  async connect(name: string, ports: readonly string[], kind: SwitchKind): Promise<void> {
    check(await this.#process.ask({ connect: { name, ports, ...kind } }))
  }

  /** Has an exchange log what it has counted. @throws SwitchError */
  async count(name: string): Promise<void> {
    check(await this.#process.ask({ count: name }))
  }

  async stop(): Promise<void> {
    await this.#process.stop({ stop: true })
  }
}

function check({ problem }: FromHelper): void {
  if (problem !== null) throw new SwitchError(problem)
}
