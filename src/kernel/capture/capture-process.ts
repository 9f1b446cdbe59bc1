/**
 * The lab's handle on the capture process. Captures are a help to those who look, and nothing a lab
 * depends on: when they fail, an event says so and the lab goes on without.
 */
import type { EventLog } from '../../events/emit.ts'
import { type FromHelper, type HelperIdentity, HelperProcess } from '../helper-process.ts'
import type { ToCapture, WatchedHost, WatchedTunnel } from './messages.ts'

export class CaptureProcess {
  readonly #process: HelperProcess<ToCapture>
  readonly #log: EventLog
  readonly #watched = new Map<string, WatchedHost>()
  #stopping = false

  /**
   * Starts it in the namespaces of this process. Resolves when it runs, or has failed.
   * @param bundle the JavaScript file that `src/processes/capture.ts` was bundled to
   * @param log says what went wrong
   */
  static async start(bundle: string, identity: HelperIdentity, log: EventLog): Promise<CaptureProcess> {
    const started = new CaptureProcess(bundle, identity, log)
    started.#tell(await started.#process.started)
    return started
  }

  private constructor(bundle: string, identity: HelperIdentity, log: EventLog) {
    this.#log = log
    this.#process = new HelperProcess('the capture process', bundle, identity)
    void this.#process.ended.then((problem) => {
      if (this.#stopping) return
      log.emitter('lab')('program:failed', { message: problem })
      // It can say nothing itself any more: whoever reads the log has to know where silence proves nothing.
      for (const host of this.#watched.values()) {
        log.emitter('wire', host)('wire:capture_ended', { because: problem, brokeOff: true })
      }
    })
  }

  /** Captures this host's packets from now on; anew after each reboot. */
  watch(host: WatchedHost): Promise<void> {
    this.#watched.set(host.name, host)
    return this.#ask({ watch: host })
  }

  /** Captures what goes into a tunnel and comes out of it on that host, beside what passes its cards. */
  watchTunnel(tunnel: WatchedTunnel): Promise<void> {
    return this.#ask({ tunnel })
  }

  /** What the servers speak, by `address:port`, so that packets get the group id of their connection. */
  label(mechanisms: Record<string, string>): Promise<void> {
    return this.#ask({ mechanisms })
  }

  /** Behind a router that translates, packets from one address are seen from another. */
  translate(addresses: Record<string, string>): Promise<void> {
    return this.#ask({ translations: addresses })
  }

  /** Writes the last packets and ends it. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#process.stop({ stop: true })
  }

  async #ask(message: ToCapture): Promise<void> {
    this.#tell(await this.#process.ask(message))
  }

  /** What is known of its end is told when it ends. */
  #tell({ problem }: FromHelper): void {
    if (problem !== null && this.#process.isRunning) {
      this.#log.emitter('lab')('program:failed', { message: problem })
    }
  }
}
