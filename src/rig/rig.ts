/**
 * The rig: what a lab may do with hosts, programs and faults. It lives in the runner, logs whatever it
 * does, and leaves nothing behind.
 */
import { once, setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter, EventLog } from '../events/emit.ts'
import { hostOfRole, peerOf, sideOf } from '../events/host-names.ts'
import { killWords } from '../events/killed.ts'
import type { EventData, EventName, Truth } from '../events/vocabulary.ts'
import type { Fault, Target } from '../faults/fault.ts'
import { roundTripOf } from '../faults/measure.ts'
import { FaultError } from '../faults/proof.ts'
import { type FaultId, faults } from '../faults/registry.ts'
import { allProcesses, ownProcess, type Workload } from '../faults/workload.ts'
import { run } from '../hosts/commands.ts'
import {
  addressesOf,
  type Cable,
  type Host,
  type Hosts,
  type Middle,
  type Network,
  type Pair,
  type PairWish,
  type Router,
} from '../hosts/host.ts'
import { type CommandOptions, HostCommand } from '../hosts/host-command.ts'
import { HostProcess, isDeadly } from '../hosts/host-process.ts'
import { HostTree } from '../hosts/host-tree.ts'
import type { CaptureProcess } from '../kernel/capture/capture-process.ts'
import { missing } from '../plan/needs.ts'
import type { Case, Plan } from '../plan/plan.ts'
import type { PlayCommand } from '../plan/play-command.ts'
import type { EchoResult, EchoSeries } from '../programs/parts/echo-series.ts'
import type { Wanted } from '../programs/parts/event-memory.ts'
import type { ClientSettings, Mechanism, Ports } from '../programs/scripts/host-messages.ts'
import type { TcpConduct } from '../programs/scripts/tcp/requests.ts'
import { ownCommand } from '../project/package.ts'
import { act } from './by-hand.ts'
import { KernelObserver, type OnSocketChange, type WantedSocket } from './kernel-observer.ts'
import { Learner } from './learner.ts'
import { answers } from './probe.ts'
import { LedHost } from './sockets/led-host.ts'
import { type ListenOptions, type SocketAddress, type Sockets, socketsOf, type TcpSocket } from './sockets.ts'
import { type InForce, Strikes } from './strikes.ts'

/**
 * What is waited for is mostly there within milliseconds; a machine that starts dozens of processes takes seconds.
 * A case that expects to wait longer says so.
 */
export const PATIENCE_MS = 5000
/** From a broken channel to the news that the process at its other end is gone. */
const EXIT_KNOWN_WITHIN_MS = 100
/** A link that loses one frame in five answers by then, all but once in ten thousand. */
const MEET_LIMIT_MS = 10_000
/** What a mechanism runs on is loaded when it is first asked for, and all hosts are asked at once. */
const LOADS_WITHIN_MS = 10_000
/** Beyond that Node warns of a leak. */
const WAITS_MAX = 1000

/** One TCP connection of a row, open at both ends. */
export interface TcpConnection {
  client: TcpSocket
  server: TcpSocket
  /** Where the server listens. */
  at: SocketAddress
}

/** The mechanisms that run on both hosts of a pair, and how their clients set their sockets. */
export interface Programs {
  mechanisms: Mechanism[]
  settings: ClientSettings
}

export class Rig {
  readonly plan: Plan
  readonly emit: Emitter
  /** In `--play`. */
  readonly learner: Learner
  readonly #hosts: Hosts
  readonly #log: EventLog
  readonly #capture: CaptureProcess | null
  readonly #stop: AbortSignal
  readonly #kernel: KernelObserver
  readonly #processes = new Set<HostProcess>()
  readonly #commands = new Set<HostCommand>()
  /** By host: how what is under test there is started, where that is not the host's own process. */
  readonly #underTest = new Map<string, { tree: HostTree; start: () => Promise<void> }>()
  /** By pair; none of a pair that was never connected. */
  readonly #programs = new Map<string, Programs>()
  readonly #ports = new Map<string, Ports>()
  /** Each `address:port` of which the capture process knows what is spoken there. */
  readonly #labelled = new Set<string>()
  readonly #truths = new Map<string, Truth>()
  /** Pairs with thousands of sockets: nobody logs each of them. */
  readonly #uncaptured = new Set<string>()
  readonly #strikes: Strikes
  /** By pair: what somebody else has ended there, in words. */
  readonly #killed = new Map<string, string>()

  /**
   * @param capture told which port is whose; null where packets are not captured
   * @param stop aborted when the run is to end early: every wait of the rig then rejects
   */
  constructor(plan: Plan, hosts: Hosts, log: EventLog, capture: CaptureProcess | null, stop: AbortSignal) {
    this.plan = plan
    this.emit = log.emitter('lab')
    this.learner = new Learner(this.emit, stop)
    this.#strikes = new Strikes(this.emit)
    this.#hosts = hosts
    this.#capture = capture
    this.#log = log
    this.#stop = stop
    // Cases wait at the same time, each of them for several things.
    setMaxListeners(WAITS_MAX, stop)
    this.#kernel = new KernelObserver(log, hosts.tier)
  }

  /** Tells the person in front what happens now. */
  say(message: string): void {
    this.emit('run:progressed', { message })
  }

  /** Says so, and marks where start-up is over and the experiment itself begins. */
  begin(message: string): void {
    this.emit('run:hosts_ready', {})
    this.say(message)
  }

  /** @throws AbortError when the run is to end */
  async sleep(milliseconds: number): Promise<void> {
    await delay(Math.max(0, milliseconds), undefined, { signal: this.#stop })
  }

  /** The chosen ones among a lab's cases that these hosts can show. Logs why the others are skipped. */
  possible(cases: readonly Case[]): string[] {
    const chosen = cases.filter(({ id }) => this.plan.cases.includes(id))
    return chosen.flatMap(({ id, needs = [] }) => {
      const reason = missing(needs, this.#hosts.tier, process.platform)
      if (reason === null) return [id]
      this.skip(id, `${reason}; on Linux, \`${ownCommand('doctor')}\` says what is missing`)
      return []
    })
  }

  /** Whether hosts of this tier can have this between them. */
  offers(middle: Middle): boolean {
    return this.#hosts.missingFor(middle) === null
  }

  /** A case, or one row of it, of which this run can show nothing: its cells are skipped, with this reason. */
  skip(caseId: string, because: string, mechanism?: string): void {
    this.emit('case:skipped', { case: caseId, because, ...(mechanism === undefined ? {} : { mechanism }) })
  }

  /**
   * One case, from its first act to the end of its watch: what is judged of it lies between. For cases
   * that are no fault; those begin with `strike` and end with `endWatch`.
   */
  async runCase(pair: Pair, act: () => Promise<void>): Promise<void> {
    this.emit('case:started', { pair: pair.name, promise: this.plan.promises[pair.name] ?? '' })
    await act()
    this.emit('case:ended', { pair: pair.name })
  }

  /** Names this moment of a case, for whoever judges it: what the lab has done just now. */
  mark(pair: Pair, mark: string): void {
    this.emit('case:marked', { pair: pair.name, mark })
  }

  /**
   * Makes a pair of hosts for each name or wish and starts the process of each host. Nothing runs there yet that
   * would speak.
   */
  async boot(wishes: readonly PairWish[]): Promise<Pair[]> {
    return Promise.all(
      wishes.map(async (wish) => {
        // While the kernel makes the networks of some, which is mostly waiting, the processes of others start.
        const pair = await this.#hosts.bootPair(wish)
        if (typeof wish === 'object' && 'uncaptured' in wish) this.#uncaptured.add(pair.name)
        const third = pair.c === undefined ? [] : [pair.c]
        await Promise.all([pair.a, pair.b, ...third].map((host) => this.#startProcess(host)))
        return pair
      }),
    )
  }

  /**
   * Opens the servers of b and connects the clients of a to them. They come back when the pair's programs
   * are started again.
   * @throws Error when a connection does not come up
   */
  async connect(pair: Pair, programs: Programs): Promise<void> {
    this.#programs.set(pair.name, programs)
    await this.#serve(pair)
    await this.#connectClients(pair)
  }

  /** Logs what the kernels say of each connection of the pair, now; nothing of a host that has ended. */
  async observe(pair: Pair): Promise<void> {
    await Promise.allSettled([pair.a, pair.b].map((host) => host.process?.ask('observe', null)))
  }

  /** Has the programs of a host write one line on their open connections. */
  async write(host: Host, mechanisms: Mechanism[]): Promise<void> {
    this.#log.emitter('lab', host)('host:asked', { request: 'write', mechanisms })
    await host.process?.ask('write', { mechanisms })
  }

  /**
   * Starts a program of its own on a host, beside the host's process. It ends with the run.
   * @throws CommandNotStartedError when there is no such program
   */
  async start(host: Host, argv: readonly string[], options: CommandOptions): Promise<HostCommand> {
    const command = await HostCommand.start(host, argv, options, this.#log.emitter(options.name, host))
    this.#commands.add(command)
    void command.exited.then(({ signal }) => {
      const tree = this.#underTest.get(host.name)?.tree
      const byLab = command.wasKilledByLab || tree?.hasKilled(command.pid) === true
      if (!byLab) this.#tellOfKill(host, options.name, signal)
    })
    return command
  }

  /** Runs one command on a host to its end. @throws CommandError */
  async run(host: Host, argv: readonly string[]): Promise<string> {
    return run([...host.commandPrefix, ...argv], this.#log.emitter('lab', host))
  }

  /**
   * From now on faults act on whatever runs on a host beside its own process, which stays as a witness.
   * @param start starts it; called again after a reboot
   */
  putUnderTest(host: Host, start: () => Promise<void>): void {
    this.#underTest.set(host.name, { tree: new HostTree(host), start })
  }

  /** Starts what is under test on a host again after it has ended, as a supervisor would. */
  async startAgain(pair: Pair, host: Host): Promise<void> {
    const { network } = this.#hosts
    if (network !== null && host.process?.exit !== null) {
      await network.reboot(host)
      await this.#startProcess(host)
    }
    await this.#underTest.get(host.name)?.start()
    const other = host === pair.a ? pair.b : pair.a
    this.truth(other, 'answering', 'it was started again')
  }

  /** Tells packet capture and kernel observer that this host speaks `mechanism` at a port of its own. */
  async speaksAt(host: Host, port: number, mechanism: string): Promise<void> {
    for (const own of addressesOf(host)) {
      const address = `${own}:${port}`
      // A client there is known by whom it has connected to.
      this.#kernel.learn({ name: clientsOf(host) }, 'remote', address, mechanism)
      await this.#announce(host, 'own', address, mechanism)
    }
  }

  /** The processes of what is under test on a host. */
  processesUnderTest(host: Host): number[] {
    return (
      this.#underTest
        .get(host.name)
        ?.tree.find()
        .map(({ pid }) => pid) ?? []
    )
  }

  /** A host's sockets at this moment; null where there is no table to read. */
  look(host: Host) {
    return this.#kernel.look(host)
  }

  /** Tells each change of a host's connections that has a group, beside logging it. */
  onSocketChange(host: Host, onChange: OnSocketChange): void {
    this.#kernel.listen(host, onChange)
  }

  /** An emitter of a host, for what the lab finds out about a program there. */
  emitterOf(host: Host, program: string): Emitter {
    return this.#log.emitter(program, host)
  }

  /** Tells them that a program of this host speaks `mechanism` to a server there. */
  async speaksTo(host: Host, { address, port }: SocketAddress, mechanism: string): Promise<void> {
    await this.#announce(host, 'remote', `${address}:${port}`, mechanism)
  }

  /** From now on the packets inside a tunnel are captured as well, at its device. */
  async captureInside({ name, incarnation }: Host, card: string): Promise<void> {
    await this.#capture?.watchTunnel({ name, incarnation, card })
  }

  /** Sockets of a host that the lab leads step by step. @param at where its servers listen, if not at its own address */
  sockets(host: Host, at?: string): Sockets {
    const announce = (server: 'own' | 'remote', { address, port }: SocketAddress, mechanism: string) =>
      this.#announce(host, server, `${address}:${port}`, mechanism)
    return socketsOf(new LedHost(host, this.#log.emitter('lab', host), announce, at))
  }

  /**
   * A connection of one row: a listener on b and a client on a, connected, accepted, and known to b's kernel.
   * @throws Error when it does not come up
   */
  async connectTcp(
    { a, b }: Pair,
    mechanism: string,
    {
      ofServer = {},
      ofClient = {},
    }: { ofServer?: ListenOptions; ofClient?: { localPort?: number } & Partial<TcpConduct> } = {},
  ): Promise<TcpConnection> {
    const listener = await this.sockets(b).tcp.listen(mechanism, ofServer)
    const client = await this.sockets(a).tcp.connect(mechanism, listener.at, ofClient)
    await client.connected()
    const server = listener.accepted(client)
    await server.accepted()
    await this.untilKernel(b, client.groupId, 'ESTABLISHED')
    return { client, server, at: listener.at }
  }

  /** From now on it is true, at both ends, that the other one answers. */
  alive({ a, b }: Pair): void {
    this.truth(a, 'answering', 'it answers')
    this.truth(b, 'answering', 'it answers')
  }

  /**
   * Waits until the host's kernel has a connection in a state, or (`CLOSED`) has it no more.
   * @param about a mechanism, or the group id of one connection
   * @throws Error that tells the states seen, when it does not come in time
   */
  async untilKernel(
    host: Host,
    about: string,
    wanted: WantedSocket,
    { withinMs = PATIENCE_MS }: { withinMs?: number } = {},
  ): Promise<void> {
    await this.#unlessStopped(this.#kernel.until(host, about, wanted, withinMs))
  }

  /**
   * Waits until a program of a host has logged an event, or has logged it already.
   * @throws Error that tells what was logged instead, when it does not come in time
   */
  async untilEvent<N extends EventName>(
    host: Host,
    name: N,
    { withinMs = PATIENCE_MS, ...about }: Omit<Wanted, 'name'> & { withinMs?: number },
  ): Promise<{ data: EventData<N>; groupId?: string }> {
    const asked = processOf(host).ask('untilEvent', { wanted: { name, ...about }, withinMs }, withinMs)
    return (await this.#unlessStopped(asked)) as { data: EventData<N>; groupId?: string }
  }

  /**
   * Waits for what should come, and tells whether it did: that it has not come is for the judgement to say.
   * @throws AbortError when the run is to end
   */
  async came(awaited: Promise<unknown>): Promise<boolean> {
    try {
      await awaited
      return true
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error
      return false
    }
  }

  /** @throws AbortError when the run is to end before `promise` does */
  async #unlessStopped<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {}) // heard below, unless the run ends first
    const over = new AbortController()
    const stopped = once(this.#stop, 'abort', { signal: over.signal }).then(() => {
      throw this.#stop.reason
    })
    stopped.catch(() => {}) // most runs are not stopped
    try {
      this.#stop.throwIfAborted()
      return (await Promise.race([promise, stopped])) as T
    } finally {
      over.abort()
    }
  }

  /** The cable of a pair that was made with one. @throws RangeError when it was not */
  cable(pair: Pair): Cable {
    if (this.#hosts.network === null) throw new RangeError('there is no cable on loopback')
    return this.#hosts.network.cable(pair)
  }

  /** Has the exchange of a pair log what it has counted. @throws RangeError where the pair has none */
  async countExchange(pair: Pair): Promise<void> {
    await this.#hosts.countExchange(pair)
  }

  /** The router of a pair that was made with one. @throws RangeError when it was not */
  router(pair: Pair): Router {
    if (this.#hosts.network === null) throw new RangeError('there is no router on loopback')
    return this.#hosts.network.router(pair)
  }

  /**
   * Has the hosts know each other's address on the link. Where a frame may be lost that asks for it, this is done before
   * anything is measured: it is asked again only after a second (ARP), and whatever is sent in that second waits, to come
   * late and in one burst.
   */
  async meet(pair: Pair): Promise<void> {
    await answers(pair, pair.a, MEET_LIMIT_MS)
  }

  /**
   * Sends a series of numbered datagrams from one host to another's echo port: what comes back, when, and in
   * which order. Apart from the programs under test, on the network that they use.
   */
  async measure(from: Host, to: Host, series: Omit<EchoSeries, 'address' | 'port'>): Promise<EchoResult> {
    const { count, everyMs, withinMs } = series
    const port = processOf(to).echoPort
    const ask = { ...series, address: to.address, port }
    // Each wait of the series may be a few milliseconds longer than asked on a busy machine.
    return processOf(from).ask('measure', ask, 2 * count * (everyMs + 1) + withinMs)
  }

  /**
   * Strikes one host of a pair. A fault that cannot be seen to have happened is logged as such: its
   * cells prove nothing, the others do.
   * @param struck by default the one that `--strike` names, b where nobody chose
   */
  async strike(one: FaultId | Fault, pair: Pair, struck = this.#struckOf(pair)): Promise<InForce> {
    const fault = typeof one === 'string' ? faults[one] : one
    return this.#strikes.strike(fault, this.#target(pair, struck, struck === pair.a ? pair.b : pair.a))
  }

  /**
   * Starts the process of a host again that was killed. What ran in it comes back only where the rig had
   * connected it; the rest is for the lab to start.
   */
  async restart(pair: Pair, host: Host): Promise<void> {
    const other = host === pair.a ? pair.b : pair.a
    await this.#target(pair, host, other).restartPrograms(host)
    this.truth(other, 'answering', 'it was started again')
  }

  /**
   * From here on, what happens to the pair is not judged as the fault's.
   * @param uncertainMs what ended it may have begun so long ago
   */
  endWatch(id: string, pair: Pair, struck = this.#struckOf(pair), uncertainMs = 0): void {
    this.emit('watch:ended', {
      fault: id,
      pair: pair.name,
      struck: struck.name,
      ...(uncertainMs === 0 ? {} : { uncertainMs }),
    })
  }

  /**
   * Does to a host what the learner asked.
   * @param truth told what becomes true on the way; what is true afterwards is for the lab to see
   * @throws Error when it cannot be done
   */
  async obey({ action, host: side }: PlayCommand, pair: Pair, truth: Target['truth']): Promise<void> {
    const host = pair[side]
    this.#log.emitter('lab', host)('host:asked', { request: action, mechanisms: [] })
    await act(action, { ...this.#target(pair, host, host === pair.a ? pair.b : pair.a), truth })
  }

  /** The cables, where this tier has any. */
  get network(): Network | null {
    return this.#hosts.network
  }

  /** What the log was last told to be true of the peer of `seenFrom`. */
  truthOf(seenFrom: Host): Truth {
    return this.#truths.get(seenFrom.name) ?? 'absent'
  }

  /** What is true of the peer of `seenFrom` from now on. */
  truth(seenFrom: Host, truth: Truth, because: string): void {
    const old = this.truthOf(seenFrom)
    if (old === truth) return
    this.#truths.set(seenFrom.name, truth)
    const peer = peerOf(seenFrom.name)
    this.#log.emitter('truth', seenFrom)('truth:updated', {
      peer,
      old,
      new: truth,
      because,
      certainty: 'definite',
    })
  }

  /**
   * Why an experiment failed, if it was somebody's kill: on this pair, or on any.
   * @returns words for it; null: nobody did
   */
  async killOn(pair?: string): Promise<string | null> {
    // That a question got no answer may be known before the end of whom it was put to.
    await delay(EXIT_KNOWN_WITHIN_MS)
    return (pair === undefined ? [...this.#killed.values()][0] : this.#killed.get(pair)) ?? null
  }

  /** Takes back every fault and ends every process by its pid. */
  async end(because: string): Promise<void> {
    await this.#strikes.undoAll()
    this.#kernel.close()
    this.emit('run:ended', { because })
    const started = [...this.#processes, ...this.#commands]
    for (const process of started) process.signal('SIGKILL')
    // Daemons too. What was frozen or never asked for anything else ends as well.
    await Promise.all([...this.#underTest.values()].map(({ tree }) => tree.kill()))
    await Promise.all(started.map((process) => process.exited))
    for (const command of this.#commands) command.hangUp()
    await this.#hosts.close()
  }

  /** Somebody else's kill is no fault of the lab's: what is seen of that pair from now on proves nothing. */
  #tellOfKill(host: Host, what: string, signal: NodeJS.Signals | null): void {
    if (this.plan.play || signal === null || !isDeadly(signal)) return
    this.#killed.set(host.pair, killWords({ host: host.name, data: { what, signal } }))
    this.#log.emitter('lab', host)('host:killed', { what, signal })
  }

  #struckOf({ a, b }: Pair): Host {
    return this.plan.strike === 'client' ? a : b
  }

  #target(pair: Pair, struck: Host, other: Host): Target {
    return {
      pair,
      struck,
      other,
      network: this.#hosts.network,
      truth: (seenFrom, truth) => this.truth(seenFrom, truth, 'the lab did it'),
      answers: (from, withinMs) => answers(pair, from, withinMs),
      measure: async (from, { withinMs, ...series }) => {
        const overLink = { ...series, withinMs: withinMs + roundTripOf(pair.link).delayMs }
        try {
          return await this.measure(from, from === pair.a ? pair.b : pair.a, overLink)
        } catch (error) {
          // A host whose process has ended measures nothing, and proves nothing.
          throw new FaultError(error instanceof Error ? error.message : String(error))
        }
      },
      workload: (host) => this.#workload(pair, host),
      restartPrograms: async (host) => {
        await this.#startProcess(host)
        await this.#underTest.get(host.name)?.start()
        if (this.#programs.has(pair.name)) {
          await (host === pair.b ? this.#serve(pair) : this.#connectClients(pair))
        }
      },
      connections: (host) =>
        (this.look(host)?.connections ?? []).map(({ local, remote, socket: { state } }) => ({
          ...{ local, remote, state },
        })),
      run: (host, argv) => this.run(host, argv),
    }
  }

  #workload(pair: Pair, host: Host): Workload {
    const underTest = this.#underTest.get(host.name)
    if (underTest !== undefined) return allProcesses(host, underTest.tree)
    return ownProcess(host, () => answers(pair, host === pair.a ? pair.b : pair.a))
  }

  async #startProcess(host: Host): Promise<void> {
    host.incarnation += 1
    const { run, lab, folder, programsBundle, heapMb } = this.plan
    const identity = {
      run,
      lab,
      host: host.name,
      incarnation: host.incarnation,
      address: host.address,
      eventFile: `${folder}/events/${host.name}.${host.incarnation}.ndjson`,
    }
    const started = await HostProcess.start(host.commandPrefix, programsBundle, identity, heapMb)
    host.process = started
    this.#processes.add(started)
    if (!this.#uncaptured.has(host.pair)) this.#kernel.watch(host, started.pid)
    const emit = this.#log.emitter('lab', host)
    emit('host:process_started', { processId: started.pid })
    void started.exited.then(({ code, signal }) => {
      emit('host:process_exited', { code, signal })
      if (!started.wasKilledByLab) this.#tellOfKill(host, "the host's process", signal)
    })
  }

  async #serve({ name, b }: Pair): Promise<void> {
    const process = processOf(b)
    const { mechanisms } = this.#programsOf(name)
    // After a reboot the servers come back where the clients know them.
    const asked = { mechanisms, ports: this.#ports.get(name) ?? {} }
    const ports = await process.ask('serve', asked, LOADS_WITHIN_MS)
    this.#ports.set(name, ports)
    const open = Object.entries(ports)
    await Promise.all(open.map(([each, port]) => this.#announce(b, 'own', `${b.address}:${port}`, each)))
  }

  /** Tells the observers what is spoken where, so that what they see gets the group id of its connection. */
  async #announce(host: Host, server: 'own' | 'remote', address: string, mechanism: string): Promise<void> {
    this.#kernel.learn(host, server, address, mechanism)
    // A server's own word counts for more than what a client calls it.
    if (server === 'remote' && this.#labelled.has(address)) return
    this.#labelled.add(address)
    await this.#capture?.label({ [address]: mechanism })
  }

  async #connectClients({ name, a, b }: Pair): Promise<void> {
    const process = processOf(a)
    const { mechanisms, settings } = this.#programsOf(name)
    const ports = this.#ports.get(name) ?? {}
    const open = Object.entries(ports)
    await Promise.all(open.map(([each, port]) => this.#announce(a, 'remote', `${b.address}:${port}`, each)))
    await process.ask('connect', { mechanisms, address: b.address, ports, settings }, LOADS_WITHIN_MS)
    this.alive({ name, a, b })
  }

  #programsOf(pair: string): Programs {
    const programs = this.#programs.get(pair)
    if (programs === undefined) throw new Error(`No programs were connected on the pair ${pair}`)
    return programs
  }
}

/** The host from which a server there is called. */
function clientsOf({ name, pair }: Host): string {
  return sideOf(name) === null ? hostOfRole(pair, 'client') : peerOf(name)
}

function processOf(host: Host): HostProcess {
  if (host.process === null) throw new Error(`Host ${host.name} has no process`)
  return host.process
}
