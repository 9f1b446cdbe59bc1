/** What one of somebody's programs finds around it on its host: who it is, its files, its variables, its devices. */
import { chmodSync, mkdirSync } from 'node:fs'
import { CommandError, execute } from '../hosts/commands.ts'
import type { Host, Pair } from '../hosts/host.ts'
import type { CommandOptions, HostCommand } from '../hosts/host-command.ts'
import type { Rig } from '../rig/rig.ts'
import { type CertificateFiles, makeCertificateFiles, mentionsCertificate } from './certificate.ts'
import { ROW_VARIABLE } from './holders.ts'
import { namesOf, SECOND_NAME, SERVER_NAME } from './names.ts'
import { wayOutPath } from './outside.ts'
import type { TrySettings } from './request.ts'
import { hasSecond } from './rows.ts'
import { makeTun } from './tun.ts'
import type { Tunnel } from './tunnel.ts'

/** On a file system of the run's own, which goes with it. */
const SCRATCH = '/run/stillhere'

/** What of a request they depend on. */
type Wanted = Pick<TrySettings, 'runAs' | 'folder' | 'family' | 'secondServer' | 'allowOutside' | 'allowTun'>

export class Surroundings {
  /** What our own processes have opened on the hosts. */
  readonly ownPorts = new Set<number>()
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #settings: Wanted
  readonly #tunnel: Tunnel | null
  /** Whom the clients take for the server: its host, or that of a balancer. */
  readonly #front: Host
  /** Of all hosts of the pair, for keys and the like; it outlives their reboots as a disk does. */
  readonly #scratch: string
  /** Put before each command on a host. */
  readonly #prefixes = new Map<Host, string[]>()
  /** Once a command has asked for them. */
  #certificate: Promise<CertificateFiles> | null = null
  /** In which incarnation a host was given its TUN device. */
  readonly #hasTun = new Map<Host, number>()

  /** @param tunnel through which the hosts of the pair talk; null: there is none */
  constructor(rig: Rig, pair: Pair, settings: Wanted, front: Host, tunnel: Tunnel | null) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
    this.#front = front
    this.#scratch = scratchFolder(pair.name)
    this.#tunnel = tunnel
    if (tunnel !== null) this.ownPorts.add(tunnel.ownPort)
  }

  /** What `{server}` and `server.test` stand for on a host. */
  #serverOf(host: Host): string {
    return this.#addressOf(host === this.#pair.a ? this.#front : this.#pair.b)
  }

  #addressOf({ address, address6 }: Host): string {
    return (this.#settings.family === 6 && address6) || address
  }

  /** Where the second server runs; null: there is none. */
  get #second(): Host | null {
    return (hasSecond(this.#settings) && this.#pair.c) || null
  }

  #prefixOf(host: Host): string[] {
    const known = this.#prefixes.get(host) ?? [
      ...namesOf(host.name, {
        server: this.#serverOf(host),
        second: this.#second && this.#addressOf(this.#second),
        client: this.#addressOf(this.#pair.a),
      }),
      ...this.#settings.runAs.prefix,
    ]
    this.#prefixes.set(host, known)
    return known
  }

  /**
   * Starts a command on a host, as whoever somebody's programs run as.
   * @param name what its lines are logged as, and the row of all that it starts
   * @param command for a shell, `{server}` and the like filled in; or a program and its arguments as they are
   */
  async start(
    host: Host,
    name: string,
    command: string | readonly string[],
    options: Pick<CommandOptions, 'onLine' | 'telling' | 'isGroup'> = {},
  ): Promise<HostCommand> {
    const { runAs, folder } = this.#settings
    const server = this.#serverOf(host)
    const second = this.#second && this.#addressOf(this.#second)
    const argv = typeof command === 'string' ? ['sh', '-c', await this.#filledIn(command, host)] : command
    await this.#tunnel?.open(host)
    await this.#giveTun(host)
    return this.#rig.start(host, [...this.#prefixOf(host), ...argv], {
      name,
      folder,
      environment: {
        ...runAs.environment,
        STILLHERE_SERVER: server,
        ...(second === null ? {} : { STILLHERE_SERVER2: second }),
        STILLHERE_FOLDER: this.#scratch,
        [ROW_VARIABLE]: name,
        ...(await this.#wayOut(host)),
      },
      ...options,
    })
  }

  async #filledIn(command: string, host: Host): Promise<string> {
    const second = this.#second && this.#addressOf(this.#second)
    const words = {
      server: this.#serverOf(host),
      ...(second === null ? {} : { server2: second }),
      folder: this.#scratch,
      ...(mentionsCertificate(command) ? await this.#certificateFiles() : {}),
    }
    return Object.entries(words).reduce((all, [word, value]) => all.replaceAll(`{${word}}`, value), command)
  }

  #certificateFiles(): Promise<CertificateFiles> {
    const { b } = this.#pair
    this.#certificate ??= makeCertificateFiles(
      this.#scratch,
      [
        ...[b, this.#front, this.#second ?? []]
          .flat()
          .flatMap(({ address, address6 }) => [address, address6 ?? []].flat()),
        ...(this.#second === null ? [] : [SECOND_NAME]),
      ],
      (path, text) => this.#keep(path, text),
    )
    return this.#certificate
  }

  /** Writes a file as whoever the programs run as, who alone may read it. @throws CommandError */
  async #keep(path: string, text: string): Promise<void> {
    const { b } = this.#pair
    const write = ['sh', '-c', 'umask 077 && cat >"$0"', path]
    const { status, stderr } = await execute([...b.commandPrefix, ...this.#prefixOf(b), ...write], text)
    if (status !== 0) throw new CommandError(`${path} cannot be written: ${stderr}`)
  }

  /** Once for each life of a host, which forgets it by a reboot. */
  async #giveTun(host: Host): Promise<void> {
    const isEnd = host === this.#pair.a || host === this.#pair.b
    if (!this.#settings.allowTun || !isEnd || this.#hasTun.get(host) === host.incarnation) return
    this.#hasTun.set(host, host.incarnation)
    await makeTun(this.#rig, this.#pair, host, this.#settings.runAs.uid)
  }

  /** Variables by which programs find the proxy; none where the hosts are closed. */
  async #wayOut(host: Host): Promise<Record<string, string>> {
    if (!this.#settings.allowOutside || host.process === null) return {}
    const path = wayOutPath(this.#rig.plan.folder)
    const { port } = await host.process.ask('openWayOut', { path })
    this.ownPorts.add(port)
    const proxy = `http://127.0.0.1:${port}`
    const second = this.#second === null ? [] : [this.#addressOf(this.#second), SECOND_NAME]
    const not = [this.#serverOf(host), SERVER_NAME, ...second, '127.0.0.1', 'localhost'].join()
    return Object.fromEntries(
      Object.entries({ http_proxy: proxy, https_proxy: proxy, all_proxy: proxy, no_proxy: not }).flatMap(
        ([name, value]) => [
          [name, value],
          [name.toUpperCase(), value],
        ],
      ),
    )
  }
}

function scratchFolder(pair: string): string {
  const folder = `${SCRATCH}/${pair}`
  mkdirSync(folder, { recursive: true })
  // Whoever the program runs as.
  chmodSync(folder, 0o1777)
  return folder
}
