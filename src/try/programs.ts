/** Somebody's programs on a pair of hosts: started, waited for until they talk, started again. */
import { UsageError } from '../foreign/usage.ts'
import type { Host, Pair } from '../hosts/host.ts'
import type { HostCommand, SaidLine } from '../hosts/host-command.ts'
import type { Rig } from '../rig/rig.ts'
import type { Balancer } from './balancer.ts'
import { EndBeliefs } from './ends.ts'
import { Holders } from './holders.ts'
import { observeSockets } from './observe.ts'
import { diesAtOnce, doNotTalk, endsTooEarly, isNotSaid, type LastLine } from './problems.ts'
import type { TrySettings } from './request.ts'
import { ASK, clientName, isServer, LATER } from './rows.ts'
import { blameWords } from './run-as.ts'
import { Servers } from './servers.ts'
import { patternOf } from './settings.ts'
import { Surroundings } from './surroundings.ts'
import { hasConnectionWith } from './talk.ts'
import type { Tunnel } from './tunnel.ts'

const LOOK_EVERY_MS = 50
/** A fault that is to strike in the middle of something has no time to lose. */
const LOOK_FOR_CUE_EVERY_MS = 5
/** A fault that was to be over by now is kept waiting for an answer, but no longer than that. */
export const ASK_LIMIT_MS = 5000
/** The stack of an error and what stands around it. */
const LAST_LINES = 40

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
  /** The clients speak to it instead of the server; null: there is none. */
  readonly #balancer: Balancer | null
  readonly #surroundings: Surroundings
  readonly #servers: Servers
  readonly #running = new Map<string, Running>()
  readonly #beliefs = new Map<Host, EndBeliefs>()
  readonly #holders: Holders
  /** Those of our own, which measured the link. */
  readonly #datagramsBefore = new Map<Host, number>()
  readonly #down: RegExp | null
  readonly #ready: RegExp | null
  readonly #cue: RegExp | null
  /** Lines that findings are made of. */
  readonly #telling: RegExp[]
  #isReady = false
  /** When the first line was printed that the fault is to strike after. */
  #cueAtMs: number | null = null
  /** Until then whatever the fault waits for has to have come. */
  #beginsUntilMs = 0
  /** What a program prints before is not about the fault. */
  #isStruck = false
  #over = false

  /** @param tunnel the pair is at its addresses inside; null: it has no others */
  constructor(
    rig: Rig,
    pair: Pair,
    settings: TrySettings,
    row: string,
    { balancer, tunnel }: { balancer: Balancer | null; tunnel: Tunnel | null },
  ) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
    this.#balancer = balancer
    this.#surroundings = new Surroundings(rig, pair, settings, balancer?.host ?? pair.b, tunnel)
    const { ownPorts } = this.#surroundings
    this.#servers = new Servers(rig, pair, settings, row, { ownPorts, balancer })
    this.#down = patternOf(settings.down)
    this.#ready = patternOf(settings.ready)
    this.#cue = patternOf(settings.strikeAfter?.pattern ?? null)
    this.#telling = [this.#down, patternOf(settings.up), this.#ready, this.#cue].filter(
      (pattern) => pattern !== null,
    )
    this.#holders = new Holders(rig, pair.a, row)
    for (const [host, name] of [
      [pair.a, clientName(0)] as const,
      ...this.#servers.all.map((server) => [server.host, server.name] as const),
    ]) {
      const beliefs = new EndBeliefs(rig.emitterOf(host, name))
      this.#beliefs.set(host, beliefs)
      rig.onSocketChange(host, (groupId, { old, new: now }) => beliefs.onSocketChange(groupId, old, now))
    }
  }

  get #hosts(): Host[] {
    return [...this.#beliefs.keys()]
  }

  /**
   * Starts the servers, the clients when those wait to be spoken to, and resolves when they talk.
   * @throws UsageError that says what is wrong with them
   */
  async begin(): Promise<void> {
    const { a, b } = this.#pair
    this.#beginsUntilMs = performance.now() + this.#settings.connectWithinMs
    for (const { name, host, command } of this.#servers.all) {
      this.#rig.putUnderTest(host, () => this.#start(host, name, command))
    }
    this.#rig.putUnderTest(a, () => this.#startClients())
    for (const host of [a, b]) this.#datagramsBefore.set(host, this.#datagrams(host))
    for (const { name, host, command } of this.#servers.all) await this.#start(host, name, command)
    const isReady = await this.#until(() => this.#servers.areReady())
    const { serverReady } = this.#settings
    if (!isReady && serverReady !== null) throw this.#isNotSaid('--server-ready', serverReady)
    await this.#servers.announce()
    await this.#startClients()
    if (!(await this.#until(() => this.#talk()))) throw this.#doNotTalk()
    await this.#until(() => this.#allTalk())
    for (const host of [a, b]) this.#rig.truth(host, 'answering', 'they talk')
  }

  /**
   * Until the fault is to strike: a moment after they talk, or so long after the line that somebody gave. Right
   * before that it logs how the sockets of both ends are set, as their kernels have it.
   * @throws UsageError when nobody prints that line, or nothing runs any more
   */
  async untilStrike(): Promise<void> {
    const { strikeAfter, settleMs } = this.#settings
    if (strikeAfter === null) await this.#rig.sleep(settleMs)
    else if (!(await this.#untilCue())) throw this.#isNotSaid('--strike-after', strikeAfter.pattern)
    this.#assertRunning()
    for (const host of this.#hosts) observeSockets(this.#rig, host)
    if (this.#cueAtMs === null || strikeAfter === null) return
    await this.#rig.sleep(this.#cueAtMs + strikeAfter.waitMs - performance.now())
  }

  #untilCue(): Promise<boolean> {
    const assertSound = () => this.#assertRunning()
    return this.#until(() => this.#cueAtMs !== null, { everyMs: LOOK_FOR_CUE_EVERY_MS, assertSound })
  }

  /** Goes on looking for ports that are opened later; until `end`. */
  async watch(): Promise<void> {
    while (!this.#over) {
      await this.#servers.announce()
      this.#findHolders()
      await this.#rig.sleep(LOOK_EVERY_MS)
    }
  }

  /** The fault has struck: the program that somebody wants to come later comes, on the third host. */
  async startLater(): Promise<void> {
    const { later } = this.#settings
    if (later === null || this.#pair.c === undefined) return
    await this.#surroundings.start(this.#pair.c, LATER, later)
  }

  /** Runs what somebody wants to ask in the end, on the server's host, and waits for its end, but not for long. */
  async ask(): Promise<void> {
    const { ask } = this.#settings
    const { b } = this.#pair
    // Without power nobody can be asked.
    if (ask === null || b.process?.exit !== null) return
    const asked = await this.#surroundings.start(b, ASK, ask, { isGroup: true })
    await Promise.race([asked.exited, this.#rig.sleep(ASK_LIMIT_MS)])
    asked.signal('SIGKILL')
  }

  /** The fault strikes now. */
  strikes(): void {
    this.#isStruck = true
  }

  end(): void {
    this.#over = true
  }

  async #startClients(): Promise<void> {
    for (const [index, command] of this.#settings.clients.entries()) {
      await this.#start(this.#pair.a, clientName(index), command)
    }
  }

  async #start(host: Host, name: string, command: string): Promise<void> {
    const lines: string[] = []
    const beliefs = this.#beliefs.get(host)
    const started = await this.#surroundings.start(host, name, command, {
      onLine: (said) => this.#onLine(said, name, beliefs, lines),
      telling: this.#telling,
    })
    this.#running.set(name, { name, host, command: started, lines })
    void started.exited.then(() => {
      // What the run itself ends has not noticed anything.
      if (!this.#over) beliefs?.allDown('program_ended', this.#ownedBy(name))
    })
  }

  #onLine({ line }: SaidLine, name: string, beliefs: EndBeliefs | undefined, lines: string[]): void {
    lines.push(line)
    if (lines.length > LAST_LINES) lines.shift()
    this.#servers.onLine(name, line)
    if (this.#ready?.test(line)) this.#isReady = true
    // What a server says before there are clients is about its own beginning.
    const isOfClients = !isServer(name) || this.#running.size > this.#servers.all.length
    if (isOfClients && this.#cue?.test(line)) this.#cueAtMs ??= performance.now()
    if (this.#isStruck && this.#down?.test(line)) {
      beliefs?.allDown('program_said', this.#ownedBy(name))
    }
  }

  /** Which connections a word or an end of a program is about. */
  #ownedBy(name: string): (groupId: string) => boolean {
    return (groupId) => isServer(name) || !this.#isSeveral || this.#holders.of(groupId) === name
  }

  get #isSeveral(): boolean {
    return this.#settings.clients.length > 1
  }

  #findHolders(): void {
    if (this.#isSeveral) this.#holders.look()
  }

  // ---- do they talk? ----------------------------------------------------------------------------

  #talk(): boolean {
    if (this.#cueAtMs !== null) return true
    if (this.#settings.ready !== null) return this.#isReady
    // In a tunnel whatever passes is a datagram.
    return this.#hasConnection() || (!this.#settings.tunnel && this.#hasDatagrams())
  }

  /** Or had one: a short connection is seen by what it leaves behind (TIME-WAIT), at either end. */
  #hasConnection(): boolean {
    const { a } = this.#pair
    const sees = (host: Host, peer: Host) => hasConnectionWith(this.#rig, host, peer)
    // That a balancer takes a connection says nothing about the server.
    const front = this.#balancer?.host ?? null
    return this.#servers.hosts.some((server) =>
      front === null ? sees(a, server) || sees(server, a) : sees(server, front),
    )
  }

  /** With `--ready` or `--strike-after` somebody else has said when it is time. */
  #allTalk(): boolean {
    const isSaid = this.#ready !== null || this.#cue !== null
    if (!this.#isSeveral || isSaid) return true
    this.#holders.look()
    return [...this.#running.values()].every(
      ({ name, command }) => isServer(name) || command.exit !== null || this.#holders.has(name),
    )
  }

  /** Nobody but them has sent any since. */
  #hasDatagrams(): boolean {
    const { a, b } = this.#pair
    return [a, b].every((host) => this.#datagrams(host) > (this.#datagramsBefore.get(host) ?? 0))
  }

  #datagrams(host: Host): number {
    return this.#rig.look(host)?.datagramsReceived ?? 0
  }

  /**
   * Whether it came to be so before what begins had to have begun.
   * @throws UsageError when a program ends meanwhile
   */
  async #until(
    isSo: () => boolean,
    { everyMs = LOOK_EVERY_MS, assertSound = () => this.#assertBeginning() } = {},
  ): Promise<boolean> {
    while (!isSo()) {
      assertSound()
      if (performance.now() > this.#beginsUntilMs) return false
      await this.#rig.sleep(everyMs)
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
  #assertRunning(): void {
    for (const one of this.#running.values()) {
      if (one.command.exit !== null && !this.#runsOn(one.host)) {
        throw this.#problem(endsTooEarly(one.name, one.command.exit, one.lines))
      }
    }
  }

  #runsOn(host: Host): boolean {
    return this.#rig.processesUnderTest(host).length > 0
  }

  // ---- what is wrong with them ------------------------------------------------------------------

  #endedAtOnce({ name, command: { exit }, lines }: Running): UsageError {
    const isClient = !isServer(name)
    return this.#problem(
      isClient && exit?.code === 0
        ? endsTooEarly(name, exit, lines)
        : diesAtOnce(name, exit, lines, isClient ? this.#servers.places() : null),
    )
  }

  #doNotTalk(): UsageError {
    const { connectWithinMs, ready, family } = this.#settings
    const places = this.#servers.places()
    return this.#problem(doNotTalk({ places, said: this.#lastLines(), connectWithinMs, ready, family }))
  }

  #isNotSaid(option: string, pattern: string): UsageError {
    return this.#problem(isNotSaid(option, pattern, this.#settings.connectWithinMs, this.#lastLines()))
  }

  #lastLines(): LastLine[] {
    return [...this.#running.values()].map(({ name, lines }) => ({ name, lastLine: lines.at(-1) ?? null }))
  }

  #problem(text: string): UsageError {
    return new UsageError(`${text}${blameWords(this.#settings.runAs)}`)
  }
}
