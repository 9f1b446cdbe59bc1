/**
 * Inside the run's pid namespace a process has another pid than in a learner's terminal. /proc tells both.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { namespacePids } from '../kernel/socket-table.ts'

interface Process {
  parent: number
  /** As the process itself sees it. */
  innerPid: number
}

export class OuterPids {
  readonly #root: number
  readonly #outer = new Map<number, number>()
  readonly #missing = new Set<number>()

  /** @param root the process, as seen here, whose descendants live in the other pid namespace */
  constructor(root: number) {
    this.#root = root
  }

  /** The pid outside for a pid of the run's namespace; undefined once the process is gone unseen. */
  find(innerPid: number): number | undefined {
    if (!this.#outer.has(innerPid) && !this.#missing.has(innerPid)) {
      this.#scan()
      if (!this.#outer.has(innerPid)) this.#missing.add(innerPid)
    }
    return this.#outer.get(innerPid)
  }

  #scan(): void {
    const processes = new Map<number, Process>()
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      try {
        const status = readFileSync(`/proc/${entry}/status`, 'utf8')
        const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1])
        processes.set(Number(entry), { parent, innerPid: namespacePids(status).at(-1) ?? Number(entry) })
      } catch {
        // It ended while we looked.
      }
    }
    for (const [pid, { innerPid }] of processes) {
      // Other runs and containers have the same small pids: only our descendants count.
      for (let at = processes.get(pid); at !== undefined; at = processes.get(at.parent)) {
        if (at.parent === this.#root) {
          this.#outer.set(innerPid, pid)
          break
        }
      }
    }
  }
}
