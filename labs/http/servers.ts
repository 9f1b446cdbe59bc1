/** Servers, each a process of its own, so that a case can kill one. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { Host } from '../../src/hosts/host.ts'
import { EVENT_LOG_VARIABLE, type LoggedProgram } from '../../src/programs/parts/command-line.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { SocketAddress } from '../../src/rig/sockets.ts'

/** A bundle starts in a quarter of a second, on a machine that has nothing else to do; this one starts dozens. */
const READY_WITHIN_MS = 30_000

export interface KillableBank {
  readonly at: SocketAddress
  readonly name: string
  readonly pid: number
  readonly ended: Promise<unknown>
  /** SIGSTOP: its kernel goes on, and takes connections and data for it. */
  freeze(): void
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>
}

/**
 * Starts a bank.
 * @param store `memory`, a folder, or `redis://...`
 * @param round how often it was started before: each process has its own name in the log
 */
export async function killableBank(
  rig: Rig,
  host: Host,
  {
    mechanism,
    name,
    store,
    port = 0,
    round = 1,
    isSecure = false,
  }: { mechanism: string; name: string; store: string; port?: number; round?: number; isSecure?: boolean },
): Promise<KillableBank> {
  const { run, lab, folder, bankBundle } = rig.plan
  const program = `bank-${mechanism}-${name}-${round}`
  const { name: hostName, incarnation } = host
  const file = `${folder}/events/${hostName}.${incarnation}.${program}.ndjson`
  const logged: LoggedProgram = { file, run, lab, host: hostName, incarnation, program }
  const argv = ['--address', host.address, '--port', String(port), '--store', store, '--name', name]
  const command = await rig.start(
    host,
    [process.execPath, bankBundle, ...argv, '--mechanism', mechanism, ...(isSecure ? ['--tls'] : [])],
    {
      name: program,
      environment: { [EVENT_LOG_VARIABLE]: JSON.stringify(logged) },
    },
  )
  const line = await command.untilLine(/listens at/, { withinMs: READY_WITHIN_MS })
  const at = { address: host.address, port: Number(/:(\d+)\//.exec(line)?.[1]) }
  await rig.speaksAt(host, at.port, mechanism)
  return {
    at,
    name,
    pid: command.pid,
    ended: command.exited,
    freeze: () => command.signal('SIGSTOP'),
    kill: async () => {
      command.signal('SIGKILL')
      await command.exited
    },
  }
}

/** A Redis that keeps everything in memory and listens on its host's loopback alone. @returns its URL */
export async function startRedis(rig: Rig, host: Host): Promise<string> {
  const port = String(await freePort())
  const quiet = ['--save', '', '--appendonly', 'no']
  const argv = ['redis-server', '--bind', '127.0.0.1', '--port', port, ...quiet]
  const redis = await rig.start(host, argv, { name: 'redis' })
  await redis.untilLine(/Ready to accept connections/, { withinMs: READY_WITHIN_MS })
  return `redis://127.0.0.1:${port}`
}

/** Free on this machine, where hosts share its loopback; on a host of its own any port is. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
