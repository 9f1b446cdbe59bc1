/** What runs on a host and is under test: what `exit`, `kill`, `freeze` and `power-off` act on. */
import type { Host } from '../hosts/host.ts'
import type { HostTree } from '../hosts/host-tree.ts'
import { type Proof, verify } from './proof.ts'

/** Each acts at once, before it returns, and resolves with what shows that it came about. All throw FaultError. */
export interface Workload {
  isRunning(): boolean
  /** Asks all of it to end in order. */
  exit(): Promise<Proof>
  kill(): Promise<Proof>
  freeze(): Promise<Proof>
  resume(): Promise<Proof>
  /** Has it abort its connections itself. Absent: it cannot be asked. */
  reset?(): Promise<Proof>
}

/**
 * The host's own process, which runs all programs of the project.
 * @param answers whether a probe to it comes back
 */
export function ownProcess(host: Host, answers: () => Promise<boolean>): Workload {
  const running = (purpose: string) => {
    const { process } = host
    verify(process !== null, `${host.name} has no ${purpose}`)
    return process
  }
  return {
    isRunning: () => host.process !== null && host.process.exit === null,
    async exit() {
      const process = running('process to end')
      // The answer to this request is the end of the process.
      process.ask('exit', null).catch(() => {})
      const { code, signal } = await process.exited
      verify(code === 0, `the process of ${host.name} ended with ${signal ?? `status ${code}`} instead of 0`)
      return { verifiedBy: 'the process ended with status 0' }
    },
    async kill() {
      const process = running('process to kill')
      process.signal('SIGKILL')
      const { signal } = await process.exited
      verify(signal === 'SIGKILL', `the process of ${host.name} ended otherwise: ${signal}`)
      return { verifiedBy: 'the process ended by SIGKILL' }
    },
    async freeze() {
      running('process to freeze').signal('SIGSTOP')
      verify(!(await answers()), `${host.name} still answers after SIGSTOP`)
      return { verifiedBy: 'a probe to the program is no longer answered' }
    },
    async resume() {
      running('process to continue').signal('SIGCONT')
      verify(await answers(), `${host.name} does not answer after SIGCONT`)
      return { verifiedBy: 'a probe is answered again' }
    },
    async reset() {
      await running('connections to reset').ask('reset', null)
      return { verifiedBy: 'the program called resetAndDestroy on each connection' }
    },
  }
}

/** From SIGTERM to the end of the last process: what takes longer does not end because it was asked to. */
const EXIT_WITHIN_MS = 5000

/** Programs that nobody here wrote, all processes of them. The host's own process stays, as a witness. */
export function allProcesses(host: Host, tree: HostTree): Workload {
  return {
    isRunning: () => tree.find().length > 0,
    async exit() {
      verify(tree.find().length > 0, `${host.name} has no process to end`)
      tree.signal('SIGTERM')
      verify(
        await tree.ended(EXIT_WITHIN_MS),
        `some processes of ${host.name} are still there ${EXIT_WITHIN_MS / 1000} s after SIGTERM`,
      )
      return { verifiedBy: 'after SIGTERM the last of its processes has ended' }
    },
    async kill() {
      verify(tree.find().length > 0, `${host.name} has no process to kill`)
      const killed = await tree.kill()
      verify(killed !== null, `some processes of ${host.name} are still there after SIGKILL`)
      return { verifiedBy: `the kernel lists none of its ${killed} processes any more` }
    },
    async freeze() {
      verify(tree.find().length > 0, `${host.name} has no process to freeze`)
      const frozen = await tree.freeze()
      verify(frozen !== null, `some processes of ${host.name} still run after SIGSTOP`)
      return { verifiedBy: `the kernel lists all of its ${frozen} processes as stopped` }
    },
    async resume() {
      const resumed = await tree.resume()
      verify(resumed !== null, `some processes of ${host.name} are still stopped after SIGCONT`)
      return { verifiedBy: `the kernel lists none of its ${resumed} processes as stopped any more` }
    },
  }
}
