/**
 * The telephone offices of the process tier: one process (src/processes/loopback-office.ts) has all of a run, and for
 * each four UDP sockets on loopback. A telephone's wire leads to one of them, since no cable leads through the office.
 */
import { type HelperIdentity, HelperProcess } from '../kernel/helper-process.ts'
import type { Town } from '../wire/exchange.ts'
import type { OfficeSettings } from '../wire/office.ts'

/** UDP ports on loopback for who is in a town: of the exchange, and of the packet line. */
export type OfficePorts = Readonly<Record<Town, { exchange: number; line: number }>>

export type ToOffices =
  | { open: { name: string; settings: OfficeSettings } }
  /** Log what it has counted. */
  | { count: string }
  /** End. Answered by the end of the process. */
  | { stop: true }

export class LoopbackOffices {
  readonly #process: HelperProcess<ToOffices, OfficePorts | undefined>

  /** @throws Error with its last words when it does not start @param bundle of `src/processes/loopback-office.ts` */
  static async start(bundle: string, identity: HelperIdentity): Promise<LoopbackOffices> {
    const process = new HelperProcess<ToOffices, OfficePorts | undefined>(
      'the telephone office',
      bundle,
      identity,
    )
    const { problem } = await process.started
    if (problem !== null) throw new Error(problem)
    return new LoopbackOffices(process)
  }

  private constructor(process: HelperProcess<ToOffices, OfficePorts | undefined>) {
    this.#process = process
  }

  /** @throws Error */
  async open(name: string, settings: OfficeSettings): Promise<OfficePorts> {
    const ports = await this.#ask({ open: { name, settings } })
    if (ports === undefined) throw new Error(`the telephone office of ${name} has no ports`)
    return ports
  }

  /** Has the office log what it has counted. @throws Error */
  async count(name: string): Promise<void> {
    await this.#ask({ count: name })
  }

  async stop(): Promise<void> {
    await this.#process.stop({ stop: true })
  }

  async #ask(message: ToOffices): Promise<OfficePorts | undefined> {
    const { problem, answer } = await this.#process.ask(message)
    if (problem !== null) throw new Error(problem)
    return answer
  }
}
