/** What one of somebody's programs finds around it on its host: who it is, its folders, its variables, its devices. */
import { chmodSync, mkdirSync } from 'node:fs'
import type { Host, Pair } from '../hosts/host.ts'
import type { CommandOptions, HostCommand } from '../hosts/host-command.ts'
import type { Rig } from '../rig/rig.ts'
import { ROW_VARIABLE } from './holders.ts'
import { wayOutPath } from './outside.ts'
import type { TrySettings } from './request.ts'
import { makeTun } from './tun.ts'

/** On a file system of the run's own, which goes with it. */
const SCRATCH = '/run/stillhere'

export class Surroundings {
  /** What our own processes have opened on the hosts. */
  readonly ownPorts = new Set<number>()
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #settings: TrySettings
  /** In which incarnation a host was given its TUN device. */
  readonly #hasTun = new Map<Host, number>()

  constructor(rig: Rig, pair: Pair, settings: TrySettings) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
  }

  /**
   * Starts a command on a host, as whoever somebody's programs run as.
   * @param name what its lines are logged as, and the row of all that it starts
   */
  async start(
    host: Host,
    name: string,
    command: string,
    options: Pick<CommandOptions, 'onLine' | 'telling'>,
  ): Promise<HostCommand> {
    const { runAs, folder } = this.#settings
    const server = this.#pair.b.address
    const scratch = scratchFolder(host)
    const text = command.replaceAll('{server}', server).replaceAll('{folder}', scratch)
    await this.#giveTun(host)
    return this.#rig.start(host, [...runAs.prefix, 'sh', '-c', text], {
      name,
      folder,
      environment: {
        ...runAs.environment,
        STILLHERE_SERVER: server,
        STILLHERE_FOLDER: scratch,
        [ROW_VARIABLE]: name,
        ...(await this.#wayOut(host)),
      },
      ...options,
    })
  }

  /** Once for each life of a host, which forgets it by a reboot. */
  async #giveTun(host: Host): Promise<void> {
    if (!this.#settings.allowTun || this.#hasTun.get(host) === host.incarnation) return
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
    const not = `${this.#pair.b.address},127.0.0.1,localhost`
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

/** Of all hosts of a pair, for keys and the like; it outlives their reboots as a disk does. */
function scratchFolder({ pair }: Host): string {
  const folder = `${SCRATCH}/${pair}`
  mkdirSync(folder, { recursive: true })
  // Whoever the program runs as.
  chmodSync(folder, 0o1777)
  return folder
}
