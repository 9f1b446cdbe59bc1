/**
 * All that runs on a host of its own network namespace beside the host's own process: programs that somebody
 * else wrote, with whatever they started, even a daemon that nobody is the parent of any more.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isOver, parseParent, parseProcessState } from '../kernel/socket-table.ts'
import type { Host } from './host.ts'
import { isDeadly } from './host-process.ts'

/** A process may start another between a look and the signal; one that always does is beyond us. */
const ROUNDS_MAX = 50
const LOOK_EVERY_MS = 20

interface Found {
  pid: number
  /** As in proc_pid_stat(5): `T` is stopped. */
  state: string
}

export class HostTree {
  readonly #host: Host
  readonly #killed = new Set<number>()

  constructor(host: Host) {
    this.#host = host
  }

  /**
   * The processes in the host's network namespace and all that descend from them, wherever those live. None that
   * has ended and is not yet waited for.
   */
  find(): Found[] {
    const namespace = inodeOf(`/run/netns/${this.#host.name}`)
    const processes = new Map<number, Found & { parent: number; isInside: boolean }>()
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      const stat = readOrNull(`/proc/${entry}/stat`)
      const state = stat === null ? null : parseProcessState(stat)
      if (stat === null || state === null || isOver(state)) continue
      const isInside = namespace !== null && inodeOf(`/proc/${entry}/ns/net`) === namespace
      processes.set(Number(entry), { pid: Number(entry), state, parent: parseParent(stat) ?? 0, isInside })
    }
    // Our own: the witness that says whether the host itself still answers.
    const own = this.#host.process?.pid
    if (own !== undefined) processes.delete(own)
    const belongs = (one: { parent: number; isInside: boolean } | undefined): boolean =>
      one !== undefined && (one.isInside || belongs(processes.get(one.parent)))
    return [...processes.values()].filter(belongs).map(({ pid, state }) => ({ pid, state }))
  }

  /** Sends a signal to each process that is there now. */
  signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.find()) this.#signalOne(pid, signal)
  }

  /** Ends all of it at once, also what is started meanwhile. @returns how many processes; null: some are left */
  async kill(): Promise<number | null> {
    return this.#untilAll('SIGKILL', () => false)
  }

  /** Stops all of it, also what is started meanwhile. @returns how many processes; null: some still run */
  async freeze(): Promise<number | null> {
    return this.#untilAll('SIGSTOP', ({ state }) => state === 'T')
  }

  /** @returns how many there are; null: some are still stopped */
  async resume(): Promise<number | null> {
    return this.#untilAll('SIGCONT', ({ state }) => state !== 'T')
  }

  /** @returns false when some of it is left after so long */
  async ended(withinMs: number): Promise<boolean> {
    const until = performance.now() + withinMs
    while (this.find().length > 0) {
      if (performance.now() > until) return false
      await delay(LOOK_EVERY_MS)
    }
    return true
  }

  /** Whether a process was sent a signal from here that ends processes. */
  hasKilled(pid: number): boolean {
    return this.#killed.has(pid)
  }

  #signalOne(pid: number, signal: NodeJS.Signals): void {
    if (isDeadly(signal)) this.#killed.add(pid)
    try {
      process.kill(pid, signal)
    } catch {
      // It ended while we looked.
    }
  }

  async #untilAll(signal: NodeJS.Signals, isDone: (found: Found) => boolean): Promise<number | null> {
    const reached = new Set<number>()
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const found = this.find()
      for (const { pid } of found) reached.add(pid)
      const left = found.filter((one) => !isDone(one))
      if (left.length === 0) return reached.size
      for (const { pid } of left) this.#signalOne(pid, signal)
      if (round > 0) await delay(LOOK_EVERY_MS)
    }
    return null
  }
}

/** Which namespace a file of /proc/<pid>/ns or /run/netns stands for; null when it is gone. */
function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino
  } catch {
    return null
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
