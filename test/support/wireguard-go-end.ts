/** An end of a tunnel that somebody else wrote, wireguard-go, driven by the stock `wg`; inside a network namespace. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { environmentWithSbin } from '../../src/hosts/commands.ts'

const ENV = environmentWithSbin()
const STARTS_WITHIN_MS = 5000
const LOOK_EVERY_MS = 50

export interface WireguardKeys {
  private: string
  public: string
}

export interface WireguardGo {
  /** What `wg show DEVICE WHAT` says of its only peer. */
  show(what: 'latest-handshakes' | 'endpoints' | 'transfer'): string
  stop(): void
}

/** Runs a command to its end. @throws Error with what it said */
export function run(argv: readonly string[], input = ''): string {
  const [program = '', ...args] = argv
  const { status, stdout, stderr } = spawnSync(program, args, { env: ENV, encoding: 'utf8', input })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export function newKeys(): WireguardKeys {
  const privateKey = run(['wg', 'genkey'])
  return { private: privateKey, public: run(['wg', 'pubkey'], privateKey) }
}

/** Its control sockets are files: without a folder of its own two namespaces would meet there. */
export function coverControlFolder(): void {
  run(['ip', 'link', 'set', 'lo', 'up'])
  run(['mount', '-t', 'tmpfs', 'none', '/run'])
  mkdirSync('/run/wireguard')
}

/**
 * @param conf as `wg setconf` reads it
 * @param inside the address of this end, with its prefix length
 * @param at a command that runs others where the device is to be
 */
export async function startWireguardGo(
  device: string,
  conf: string,
  inside: string,
  at: readonly string[] = [],
): Promise<WireguardGo> {
  const [program = '', ...args] = [...at, 'wireguard-go', '-f', device]
  const child = spawn(program, args, { env: ENV, stdio: 'ignore' })
  for (let waitedMs = 0; spawnSync('wg', ['show', device], { env: ENV }).status !== 0; ) {
    waitedMs += LOOK_EVERY_MS
    if (waitedMs > STARTS_WITHIN_MS) throw new Error(`wireguard-go did not start in ${STARTS_WITHIN_MS} ms`)
    await delay(LOOK_EVERY_MS)
  }
  writeFileSync(`/run/${device}.conf`, conf)
  run(['wg', 'setconf', device, `/run/${device}.conf`])
  run([...at, 'ip', 'address', 'add', inside, 'dev', device])
  run([...at, 'ip', 'link', 'set', device, 'mtu', '1420', 'up'])
  return {
    show: (what) => run(['wg', 'show', device, what]).split('\t').slice(1).join(' '),
    stop: () => void child.kill(),
  }
}
