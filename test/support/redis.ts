/** A real Redis for a test: its own process, on a free port, with nothing on the disk. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const EXECUTABLE = '/usr/bin/redis-server'
export const hasRedis = existsSync(EXECUTABLE)

/** Between giving the port back and Redis taking it somebody else may; then it says so and the test fails. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface RedisProcess {
  url: string
  /** The same server by a socket that only its owner can open. */
  socketUrl: string
  signal(signal: NodeJS.Signals): void
  ended: Promise<void>
}

/** @param wanted its port, where it has to be the same again */
export async function startRedis(wanted?: number): Promise<RedisProcess> {
  const port = wanted ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-redis-'))
  const unixsocket = join(folder, 'redis.sock')
  const options = {
    ...{ bind: '127.0.0.1', port, unixsocket, unixsocketperm: 600 },
    ...{ dir: folder, save: '', appendonly: 'no', daemonize: 'no' },
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn(EXECUTABLE, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      said += data
      if (said.includes('Ready to accept connections')) resolve()
    })
    void ended.then(() => reject(new Error(`redis-server ended: ${said}`)))
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    socketUrl: `redis+unix://${unixsocket}`,
    signal: (signal) => child.kill(signal),
    ended,
  }
}
