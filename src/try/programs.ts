/** Somebody's programs on a pair of hosts: started, waited for until they talk, started again. */
import { chmodSync, mkdirSync } from 'node:fs'
import type { TcpState } from '../events/vocabulary.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Host, Pair } from '../hosts/host.ts'
import type { HostCommand, SaidLine } from '../hosts/host-command.ts'
import type { Rig } from '../rig/rig.ts'
import { EndBeliefs } from './ends.ts'
import { Holders, ROW_VARIABLE } from './holders.ts'
import { observeSockets } from './observe.ts'
import { wayOutPath } from './outside.ts'
import { diesAtOnce, doNotTalk, endsTooEarly, type ListeningPlace } from './problems.ts'
import type { TrySettings } from './request.ts'
import { clientName, SERVER } from './rows.ts'
import { blameWords } from './run-as.ts'
import { patternOf } from './settings.ts'
import { makeTun } from './tun.ts'

const LOOK_EVERY_MS = 50
/** A server that opens several ports opens them one after the other. */
const PORTS_STABLE_MS = 500
/** So far only one side has spoken. */
const UNANSWERED: readonly TcpState[] = ['SYN-SENT', 'SYN-RECEIVED']
/** The stack of an error and what stands around it. */
const LAST_LINES = 40
/** On a file system of the run's own, which goes with it. */
const SCRATCH = '/run/stillhere'

/** One of the commands, on its host. */
interface Running {
  /** `server`, `client`, `client2` */
  readonly name: string
  readonly host: Host
  readonly command: HostCommand
  readonly lines: string[]
}

export class TriedPrograms {
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #settings: TrySettings
  readonly #row: string
  readonly #running = new Map<string, Running>()
  readonly #beliefs: Record<'a' | 'b', EndBeliefs>
  readonly #holders: Holders
  readonly #known = new Set<number>()
  /** What our own processes have opened on the hosts. */
  readonly #ownPorts = new Set<number>()
  /** In which incarnation a host was given its TUN device. */
  readonly #hasTun = new Map<Host, number>()
  readonly #down: RegExp | null
  readonly #ready: RegExp | null
  readonly #serverReady: RegExp | null
  /** Lines that findings are made of. */
  readonly #telling: RegExp[]
  #isReady = false
  #serverSaidReady = false
  /** Where the server listens, and since when nothing of that has changed. */
  #placesSince = { places: '', ms: 0 }
  /** What a program prints before is not about the fault. */
  #isStruck = false
  #over = false

  constructor(rig: Rig, pair: Pair, settings: TrySettings, row: string) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
    this.#row = row
    this.#down = patternOf(settings.down)
    this.#ready = patternOf(settings.ready)
    this.#serverReady = patternOf(settings.serverReady)
    this.#beliefs = {
      a: new EndBeliefs(rig.emitterOf(pair.a, 'client')),
      b: new EndBeliefs(rig.emitterOf(pair.b, 'server')),
    }
    this.#telling = [settings.down, settings.up, settings.ready].flatMap((text) =>
      text === null ? [] : [new RegExp(text)],
    )
    this.#holders = new Holders(rig, pair.a)
    for (const side of ['a', 'b'] as const) {
      rig.onSocketChange(pair[side], (groupId, { old, new: now }) =>
        this.#beliefs[side].onSocketChange(groupId, old, now),
      )
    }
  }

  /**
   * Starts the server, the clients when it waits to be spoken to, and resolves when they talk.
   * @throws UsageError that says what is wrong with them
   */
  async begin(): Promise<void> {
    const { a, b } = this.#pair
    const until = performance.now() + this.#settings.connectWithinMs
    this.#rig.putUnderTest(b, () => this.#startServer())
    this.#rig.putUnderTest(a, () => this.#startClients())
    await this.#startServer()
    await this.#until(() => this.#serverIsReady(), until)
    await this.#announce()
    await this.#startClients()
    if (!(await this.#until(() => this.#talk(), until))) throw this.#doNotTalk()
    await this.#until(() => this.#allTalk(), until)
    for (const host of [a, b]) this.#rig.truth(host, 'answering', 'they talk')
  }

  /** Logs how the sockets of both ends are set, as their kernels have it. */
  observe(): void {
    for (const host of [this.#pair.a, this.#pair.b]) observeSockets(this.#rig, host)
  }

  /** Goes on looking for ports that are opened later; until `end`. */
  async watch(): Promise<void> {
    while (!this.#over) {
      await this.#announce()
      this.#findHolders()
      await this.#rig.sleep(LOOK_EVERY_MS)
    }
  }

  /** The fault strikes now. */
  strikes(): void {
    this.#isStruck = true
  }

  end(): void {
    this.#over = true
  }

  async #startServer(): Promise<void> {
    await this.#start(this.#pair.b, SERVER, this.#settings.server)
  }

  async #startClients(): Promise<void> {
    for (const [index, command] of this.#settings.clients.entries()) {
      await this.#start(this.#pair.a, clientName(index), command)
    }
  }

  async #start(host: Host, name: string, command: string): Promise<void> {
    const { runAs, folder } = this.#settings
    const scratch = scratchFolder(host)
    const text = command.replaceAll('{server}', this.#pair.b.address).replaceAll('{folder}', scratch)
    const lines: string[] = []
    const side = host === this.#pair.a ? 'a' : 'b'
    await this.#giveTun(host)
    const started = await this.#rig.start(host, [...runAs.prefix, 'sh', '-c', text], {
      name,
      folder,
      environment: {
        ...runAs.environment,
        STILLHERE_SERVER: this.#pair.b.address,
        STILLHERE_FOLDER: scratch,
        [ROW_VARIABLE]: name,
        ...(await this.#wayOut(host)),
      },
      onLine: (said) => this.#onLine(said, name, side, lines),
      telling: this.#telling,
    })
    this.#running.set(name, { name, host, command: started, lines })
    void started.exited.then(() => {
      // What the run itself ends has not noticed anything.
      if (!this.#over) this.#beliefs[side].allDown('program_ended', this.#ownedBy(name))
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
    this.#ownPorts.add(port)
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

  #onLine({ line }: SaidLine, name: string, side: 'a' | 'b', lines: string[]): void {
    lines.push(line)
    if (lines.length > LAST_LINES) lines.shift()
    if (side === 'b' && this.#serverReady?.test(line)) this.#serverSaidReady = true
    if (this.#ready?.test(line)) this.#isReady = true
    if (this.#isStruck && this.#down?.test(line)) {
      this.#beliefs[side].allDown('program_said', this.#ownedBy(name))
    }
  }

  /** Which connections a word or an end of a program is about. */
  #ownedBy(name: string): (groupId: string) => boolean {
    return (groupId) => name === SERVER || !this.#isSeveral || this.#holders.of(groupId) === name
  }

  get #isSeveral(): boolean {
    return this.#settings.clients.length > 1
  }

  #findHolders(): void {
    if (this.#isSeveral) this.#holders.look()
  }

  /** It has said so, or where nobody gave words for that, has opened no other port for a moment. */
  #serverIsReady(): boolean {
    if (this.#settings.serverReady !== null) return this.#serverSaidReady
    const places = this.#places(this.#pair.b)
    const now = places.map(({ protocol, address }) => `${protocol} ${address}`).join()
    if (now !== this.#placesSince.places) this.#placesSince = { places: now, ms: performance.now() }
    const isStable = performance.now() - this.#placesSince.ms >= PORTS_STABLE_MS
    return isStable && places.some(({ isReachable }) => isReachable)
  }

  // ---- do they talk? ----------------------------------------------------------------------------

  #talk(): boolean {
    if (this.#settings.ready !== null) return this.#isReady
    return this.#hasConnection() || this.#hasDatagrams()
  }

  /** Or had one: a short connection is seen by what it leaves behind (TIME-WAIT), at either end. */
  #hasConnection(): boolean {
    const { a, b } = this.#pair
    const sees = (host: Host, peer: Host) =>
      this.#rig
        .look(host)
        ?.connections.some(
          ({ remote, socket }) => remote.startsWith(`${peer.address}:`) && !UNANSWERED.includes(socket.state),
        ) === true
    return sees(a, b) || sees(b, a)
  }

  /** With `--ready` somebody else has said when it is time. */
  #allTalk(): boolean {
    if (!this.#isSeveral || this.#settings.ready !== null || !this.#hasConnection()) return true
    this.#holders.look()
    return [...this.#running.values()].every(
      ({ name, command }) => name === SERVER || command.exit !== null || this.#holders.has(name),
    )
  }

  /** Nobody else has sent any so far. */
  #hasDatagrams(): boolean {
    const { a, b } = this.#pair
    return [a, b].every((host) => (this.#rig.look(host)?.datagramsReceived ?? 0) > 0)
  }

  /** @throws UsageError when a program ends meanwhile */
  async #until(isSo: () => boolean, untilMs: number): Promise<boolean> {
    while (!isSo()) {
      this.#assertBeginning()
      if (performance.now() > untilMs) return false
      await this.#rig.sleep(LOOK_EVERY_MS)
    }
    return true
  }

  /** @throws UsageError when a program has ended that had not even begun to talk */
  #assertBeginning(): void {
    for (const one of this.#running.values()) {
      const { exit } = one.command
      // Status 0: it may have become a daemon.
      if (exit !== null && (exit.code !== 0 || !this.#runsOn(one.host))) throw this.#endedAtOnce(one)
    }
  }

  /** @throws UsageError when on one of the hosts nothing runs any more that could notice anything */
  assertRunning(): void {
    for (const one of this.#running.values()) {
      if (one.command.exit !== null && !this.#runsOn(one.host)) {
        throw this.#problem(endsTooEarly(one.name, one.command.exit, one.lines))
      }
    }
  }

  #runsOn(host: Host): boolean {
    return this.#rig.processesUnderTest(host).length > 0
  }

  /** Where the programs of a host wait to be spoken to. */
  #places(host: Host): ListeningPlace[] {
    const look = this.#rig.look(host)
    const own = `${host.address}:${host.process?.echoPort}`
    const isTheirs = (address: string) => !this.#ownPorts.has(portOf(address))
    const places = [
      ...[...(look?.listeners.keys() ?? [])]
        .filter(isTheirs)
        .map((address) => ({ protocol: 'TCP' as const, address })),
      ...(look?.datagramSockets ?? [])
        .filter((address) => address !== own)
        .map((address) => ({ protocol: 'UDP' as const, address })),
    ]
    return places.map((place) => ({ ...place, isReachable: isReachable(place.address, host) }))
  }

  /** Tells the observers what is spoken at the server's ports. */
  async #announce(): Promise<void> {
    const { b } = this.#pair
    for (const { address, isReachable } of this.#places(b)) {
      const port = portOf(address)
      if (!isReachable || this.#known.has(port)) continue
      this.#known.add(port)
      await this.#rig.speaksAt(b, port, this.#row)
    }
  }

  // ---- what is wrong with them ------------------------------------------------------------------

  #endedAtOnce({ name, command: { exit }, lines }: Running): UsageError {
    const isClient = name !== SERVER
    return this.#problem(
      isClient && exit?.code === 0
        ? endsTooEarly(name, exit, lines)
        : diesAtOnce(name, exit, lines, isClient ? this.#places(this.#pair.b) : null),
    )
  }

  #doNotTalk(): UsageError {
    const { connectWithinMs, ready } = this.#settings
    const said = [...this.#running.values()].map(({ name, lines }) => ({
      name,
      lastLine: lines.at(-1) ?? null,
    }))
    return this.#problem(doNotTalk({ places: this.#places(this.#pair.b), said, connectWithinMs, ready }))
  }

  #problem(text: string): UsageError {
    return new UsageError(`${text}${blameWords(this.#settings.runAs)}`)
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

function isReachable(address: string, host: Host): boolean {
  // A server on :: takes IPv4 clients, too.
  return /^(0\.0\.0\.0|\[::\]):/.test(address) || address.startsWith(`${host.address}:`)
}

/** Of both hosts of a pair, for keys and the like; it outlives their reboots as a disk does. */
function scratchFolder({ pair }: Host): string {
  const folder = `${SCRATCH}/${pair}`
  mkdirSync(folder, { recursive: true })
  // Whoever the program runs as.
  chmodSync(folder, 0o1777)
  return folder
}
