/** What a test has on its hosts, in the runner, where they are: programs, what they say, what strikes them. */
import type { Host, Pair } from '../hosts/host.ts'
import type { HostCommand } from '../hosts/host-command.ts'
import type { Exit } from '../hosts/host-process.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { Rig } from '../rig/rig.ts'
import type { InForce } from '../rig/strikes.ts'
import { EndBeliefs } from '../try/ends.ts'
import { heal } from '../try/heal.ts'
import { heldConnections } from '../try/observe.ts'
import { KnownPlaces } from '../try/places.ts'
import { diesAtOnce, howWords, lastWords, saidWords } from '../try/problems.ts'
import { blameWords } from '../try/run-as.ts'
import { Surroundings } from '../try/surroundings.ts'
import { hasConnectionWith } from '../try/talk.ts'
import { neededBetween } from './faults.ts'
import { Lines } from './lines.ts'
import type { KitRequests } from './messages.ts'
import type { KitSettings } from './settings.ts'
import type { Connection, ConnectionEnd, KitFault } from './types.ts'

const LOOK_EVERY_MS = 20
/** From a server's start until it waits to be spoken to. */
const LISTENS_WITHIN_MS = 10_000
/** A test that starts more has lost count. */
const PROGRAMS_MAX = 100

/** A command that was started, and may be started again after a fault has ended it. */
interface Program {
  readonly name: string
  readonly host: Host
  readonly command: string | readonly string[]
  readonly lines: Lines
  running: HostCommand
  /** When it ended, by `performance.now()`. */
  endedAtMs: number
}

export class TestBed {
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #settings: KitSettings
  readonly #surroundings: Surroundings
  readonly #places: KnownPlaces
  readonly #beliefs: ReadonlyMap<Host, EndBeliefs>
  readonly #programs = new Map<string, Program>()
  /** By number, those in force. */
  readonly #strikes = new Map<number, { fault: KitFault; struck: Host; inForce: InForce }>()
  #lastStrike = 0
  #struckAtMs: number | null = null
  #isOver = false

  constructor(rig: Rig, pair: Pair, row: string, settings: KitSettings) {
    this.#rig = rig
    this.#pair = pair
    this.#settings = settings
    this.#surroundings = new Surroundings(rig, pair, settings, pair.b, null)
    this.#places = new KnownPlaces(rig, row, 4, this.#surroundings.ownPorts)
    const beliefsOf = (host: Host, name: string) => {
      const beliefs = new EndBeliefs(rig.emitterOf(host, name))
      rig.onSocketChange(host, (groupId, { old, new: now }) => beliefs.onSocketChange(groupId, old, now))
      rig.putUnderTest(host, () => this.#startAgain(host))
      return [host, beliefs] as const
    }
    this.#beliefs = new Map([beliefsOf(pair.a, 'client'), beliefsOf(pair.b, 'server')])
  }

  get #hosts(): Host[] {
    return [this.#pair.a, this.#pair.b]
  }

  get #all(): Program[] {
    return [...this.#programs.values()]
  }

  #on(host: Host): Program[] {
    return this.#all.filter((one) => one.host === host)
  }

  /** Tells the observers what is spoken at ports that are opened; until the lab is closed. */
  async watch(): Promise<void> {
    for (;;) {
      await this.#lookAtPlaces()
      await this.#rig.sleep(LOOK_EVERY_MS)
    }
  }

  /** What ends from now on has not noticed anything. */
  close(): void {
    this.#isOver = true
  }

  async #lookAtPlaces(): Promise<void> {
    for (const host of this.#hosts) await this.#places.announce(host)
  }

  // ---- programs ---------------------------------------------------------------------------------

  /**
   * Starts a command. On the client's host it waits first until the programs of the server's do.
   * @throws Error when those wait for nobody, or there is no such program
   */
  async start({ side, command }: KitRequests['start']['ask']): Promise<KitRequests['start']['answer']> {
    if (this.#programs.size >= PROGRAMS_MAX) throw new Error(`a lab has room for ${PROGRAMS_MAX} programs`)
    const host = this.#pair[side]
    if (host === this.#pair.a && this.#on(this.#pair.b).length > 0) await this.#untilServerListens()
    const role = side === 'a' ? 'client' : 'server'
    const before = this.#on(host).length
    const name = before === 0 ? role : `${role}${before + 1}`
    const lines = new Lines()
    const running = await this.#run(name, host, command, lines)
    const program = { name, host, command, lines, running, endedAtMs: Number.NaN }
    this.#programs.set(name, program)
    this.#onEnd(program)
    return { program: name }
  }

  #run(name: string, host: Host, command: Program['command'], lines: Lines): Promise<HostCommand> {
    return this.#surroundings.start(host, name, command, {
      onLine: ({ line }) => lines.add(line, performance.now()),
    })
  }

  #onEnd(program: Program): void {
    void program.running.exited.then(() => {
      program.endedAtMs = performance.now()
      if (!this.#isOver) this.#beliefs.get(program.host)?.allDown('program_ended', () => true)
    })
  }

  /** What a fault has ended, or a reboot has. */
  async #startAgain(host: Host): Promise<void> {
    for (const program of this.#on(host)) {
      if (program.running.exit === null) continue
      program.running = await this.#run(program.name, host, program.command, program.lines)
      this.#onEnd(program)
    }
  }

  async #untilServerListens(): Promise<void> {
    const servers = this.#on(this.#pair.b)
    const isListening = () => this.#places.of(this.#pair.b).some(({ isReachable }) => isReachable)
    if (await this.#until(isListening, LISTENS_WITHIN_MS, servers)) return
    throw new Error(
      `the server listens on no port that the client can reach, after ${LISTENS_WITHIN_MS / 1000} s${this.#lastWords(servers)}; have it bind {server} or 0.0.0.0`,
    )
  }

  /** @throws Error when none of its programs answers to this name */
  #named(name: string): Program {
    const program = this.#programs.get(name)
    if (program === undefined) throw new Error(`no program "${name}" runs in this lab`)
    return program
  }

  async says({
    program: name,
    pattern,
    flags,
    withinMs,
  }: KitRequests['says']['ask']): Promise<KitRequests['says']['answer']> {
    const { lines } = this.#named(name)
    const said = await lines.until(new RegExp(pattern, flags), withinMs)
    if (said !== null) return { line: said.line, afterMs: this.#sinceStrike(said.atMs) }
    throw new Error(
      `the ${name} has not said /${pattern}/${flags} in ${withinMs / 1000} s${this.#howItIs(name)}`,
    )
  }

  async ends({
    program: name,
    withinMs,
  }: KitRequests['ends']['ask']): Promise<KitRequests['ends']['answer']> {
    const program = this.#named(name)
    await this.#until(() => program.running.exit !== null, withinMs)
    const { exit } = program.running
    if (exit !== null) return { ...exit, afterMs: this.#sinceStrike(program.endedAtMs) }
    throw new Error(`the ${name} has not ended in ${withinMs / 1000} s${this.#howItIs(name)}`)
  }

  /** Resolves when a client has reached the server. @throws Error when a program ends before, or it takes too long */
  async talking({ withinMs }: KitRequests['talking']['ask']): Promise<null> {
    const { a, b } = this.#pair
    const talk = () =>
      hasConnectionWith(this.#rig, a, b) || hasConnectionWith(this.#rig, b, a) || this.#haveDatagrams()
    if (!(await this.#until(talk, withinMs, this.#all))) {
      throw new Error(`nobody talks, after ${withinMs / 1000} s${this.#lastWords(this.#all)}`)
    }
    for (const host of this.#hosts) this.#rig.truth(host, 'answering', 'they talk')
    return null
  }

  /** Of the lab's own there are none but the probes of a fault. */
  #haveDatagrams(): boolean {
    return this.#hosts.every((host) => (this.#rig.look(host)?.datagramsReceived ?? 0) > 0)
  }

  /**
   * Whether it came to be so in time.
   * @param needed those that it cannot come to be without
   * @throws Error when one of those ends with a problem
   */
  async #until(isSo: () => boolean, withinMs: number, needed: readonly Program[] = []): Promise<boolean> {
    const untilMs = performance.now() + withinMs
    while (!isSo()) {
      const failed = needed.find(({ running: { exit } }) => exit !== null && exit.code !== 0)
      if (failed !== undefined) throw new Error(this.#whyItEnded(failed, failed.running.exit))
      if (performance.now() > untilMs) return false
      await this.#rig.sleep(LOOK_EVERY_MS)
    }
    return true
  }

  #whyItEnded({ name, host, lines }: Program, exit: Exit | null): string {
    const isClient = host === this.#pair.a
    const places = isClient ? this.#places.of(this.#pair.b) : null
    return `${diesAtOnce(name, exit, lines.last, places)}${blameWords(this.#settings.runAs)}`
  }

  #howItIs(name: string): string {
    const program = this.#named(name)
    const { exit } = program.running
    if (exit === null) return this.#lastWords([program])
    return `; it had ended ${howWords(exit)}${lastWords(program.lines.last)}`
  }

  #lastWords(programs: readonly Program[]): string {
    return saidWords(programs.map(({ name, lines }) => ({ name, lastLine: lines.last.at(-1) ?? null })))
  }

  // ---- faults -----------------------------------------------------------------------------------

  async strike({ fault, side }: KitRequests['strike']['ask']): Promise<KitRequests['strike']['answer']> {
    const needed = neededBetween(fault)
    if (needed !== null && needed !== this.#settings.between) {
      throw new Error(`${fault} needs a ${needed} between the hosts: open({ between: '${needed}' })`)
    }
    const struck = this.#pair[side]
    if (needed === 'cable' && this.#strikes.size === 0) await this.#rig.meet(this.#pair)
    this.#struckAtMs = performance.now()
    for (const { lines } of this.#all) lines.forget()
    const inForce = await this.#rig.strike(fault, this.#pair, struck)
    if ('problem' in inForce.shown)
      throw new Error(`${fault} was not seen to happen: ${inForce.shown.problem}`)
    this.#struckAtMs = inForce.sinceMs
    this.#lastStrike += 1
    const strike = this.#lastStrike
    this.#strikes.set(strike, { fault, struck, inForce })
    return { strike, promise: inForce.fault.promise, proof: inForce.shown.verifiedBy }
  }

  async undo({ strike }: KitRequests['undo']['ask']): Promise<KitRequests['undo']['answer']> {
    const struck = this.#strikes.get(strike)
    if (struck === undefined) return { proof: null }
    this.#strikes.delete(strike)
    const shown = await heal(this.#rig, this.#pair, struck.struck, struck.fault, struck.inForce)
    this.#rig.endWatch(struck.fault, this.#pair, struck.struck)
    if (shown !== null && 'problem' in shown) {
      throw new Error(`${struck.fault} was not seen to be undone: ${shown.problem}`)
    }
    return { proof: shown?.verifiedBy ?? null }
  }

  /** In milliseconds; null before any. */
  #sinceStrike(atMs: number): number | null {
    return this.#struckAtMs === null ? null : Math.round(atMs - this.#struckAtMs)
  }

  // ---- connections ------------------------------------------------------------------------------

  async connections(): Promise<Connection[]> {
    // One that has just been opened at a new port belongs to them, too.
    await this.#lookAtPlaces()
    const { a, b } = this.#pair
    const [clients, servers] = [this.#endsOn(a), this.#endsOn(b)]
    const isOther = (one: ConnectionEnd) => (other: ConnectionEnd) =>
      portOf(one.local) === portOf(other.remote) && portOf(one.remote) === portOf(other.local)
    const known = clients.map((end) => ({ ...end, server: servers.find(isOther(end)) ?? null }))
    // The client's host has forgotten it, or never knew.
    const unknown = servers
      .filter((end) => !clients.some(isOther(end)))
      .map((server) => ({ local: server.remote, remote: server.local, state: 'CLOSED' as const, server }))
    return [...known, ...unknown]
  }

  /** The ends of a host's connections with the other one; those that only wait to be forgotten are over. */
  #endsOn(host: Host): ConnectionEnd[] {
    const options = new Map(
      heldConnections(this.#rig, host).map(({ connection, reading }) => [connection.inode, reading.options]),
    )
    return (this.#rig.look(host)?.connections ?? [])
      .filter(({ socket, groupId }) => groupId !== undefined && socket.state !== 'TIME-WAIT')
      .map(({ local, remote, socket, inode }) => ({
        local,
        remote,
        state: socket.state,
        ...options.get(inode),
      }))
  }
}
