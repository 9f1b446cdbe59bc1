/**
 * The rig: what a lab may do with hosts, programs and faults. It lives in the runner, logs whatever it
 * does, and leaves nothing behind.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter, EventLog } from '../events/emit.ts'
import type { Truth } from '../events/vocabulary.ts'
import { type Fault, FaultError, type Proof, type Struck, type Target } from '../faults/fault.ts'
import { type FaultId, faults } from '../faults/registry.ts'
import { missingFirewall } from '../hosts/capabilities.ts'
import { run } from '../hosts/commands.ts'
import type { Cable, Host, Hosts, Middle, Network, Pair, PairWish, Router } from '../hosts/host.ts'
import { HostProcess } from '../hosts/host-process.ts'
import type { CaptureProcess } from '../kernel/capture/capture-process.ts'
import type { EchoResult, EchoSeries } from '../programs/echo-series.ts'
import type { Mechanism, Ports } from '../programs/host-messages.ts'
import { KernelObserver } from './kernel-observer.ts'
import type { Plan } from './lab.ts'
import type { PlayAction, PlayCommand } from './play-command.ts'

/** Loopback and a switch answer in well under a millisecond; a busy machine may take longer. */
const PROBE_ANSWERS_WITHIN_MS = 150
/** A probe that must be answered is asked again so often: after a mend the first may come too early. */
const PROBE_TRIES = 3

/** From asking to the first datagram, and from the last echo to the answer. */
const MEASURE_STARTS_WITHIN_MS = 3000

/** A fault that is in force. */
export interface InForce {
  readonly fault: Fault
  /** `performance.now()` when it was applied, before it was verified. */
  readonly sinceMs: number
  /** Takes it back, verified and logged. Does nothing the second time, or where there is no way back. */
  undo(): Promise<void>
}

export class Rig {
  readonly plan: Plan
  readonly emit: Emitter
  readonly #hosts: Hosts
  readonly #log: EventLog
  readonly #capture: CaptureProcess | null
  readonly #stop: AbortSignal
  readonly #kernel: KernelObserver
  readonly #processes = new Set<HostProcess>()
  readonly #ports = new Map<string, Ports>()
  readonly #truths = new Map<string, Truth>()
  readonly #inForce = new Set<InForce>()
  #inPlay: Pair | null = null

  /**
   * @param capture told which port is whose; null where packets are not captured
   * @param stop aborted when the run is to end early: every wait of the rig then rejects
   */
  constructor(plan: Plan, hosts: Hosts, log: EventLog, capture: CaptureProcess | null, stop: AbortSignal) {
    this.plan = plan
    this.emit = log.emitter('lab')
    this.#hosts = hosts
    this.#capture = capture
    this.#log = log
    this.#stop = stop
    this.#kernel = new KernelObserver(log, hosts.tier)
  }

  /** Tells the person in front what happens now. */
  say(message: string): void {
    this.emit('run:progressed', { message })
  }

  /** @throws AbortError when the run is to end */
  async sleep(milliseconds: number): Promise<void> {
    await delay(Math.max(0, milliseconds), undefined, { signal: this.#stop })
  }

  /** Makes a pair of hosts for each name or wish and starts the process of each host. */
  async boot(wishes: readonly PairWish[]): Promise<Pair[]> {
    const pairs = await this.#hosts.bootPairs(wishes)
    await Promise.all(pairs.flatMap(({ a, b }) => [this.#startProcess(a), this.#startProcess(b)]))
    return pairs
  }

  /**
   * Opens the servers of b and connects the clients of a to them.
   * @throws Error when a connection does not come up
   */
  async connect(pair: Pair): Promise<void> {
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

  /** null when pairs can have this in the middle here; else what is missing. */
  missingMiddle(middle: Middle): string | null {
    return this.#hosts.missingFor(middle)
  }

  /** The cable of a pair that was made with one. @throws RangeError when it was not */
  cable(pair: Pair): Cable {
    if (this.#hosts.network === null) throw new RangeError('there is no cable on loopback')
    return this.#hosts.network.cable(pair)
  }

  /** The router of a pair that was made with one. @throws RangeError when it was not */
  router(pair: Pair): Router {
    if (this.#hosts.network === null) throw new RangeError('there is no router on loopback')
    return this.#hosts.network.router(pair)
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
    return processOf(from).ask(
      'measure',
      ask,
      2 * count * (everyMs + 1) + withinMs + MEASURE_STARTS_WITHIN_MS,
    )
  }

  /** null when the fault can happen here; else what is missing. */
  missingFor(one: FaultId | Fault): string | null {
    const needs: readonly string[] = faultOf(one).needs
    if (needs.includes('firewall') && this.#hosts.network !== null) return missingFirewall()
    if (needs.includes('network') && this.#hosts.network === null) return 'there is no cable on loopback'
    if (needs.includes('signals') && process.platform === 'win32') return 'Windows has no SIGSTOP'
    return null
  }

  /**
   * Strikes one host of a pair. A fault that cannot be seen to have happened is logged as such: its
   * cells prove nothing, the others do.
   */
  async strike(one: FaultId | Fault, pair: Pair): Promise<InForce> {
    const fault = faultOf(one)
    const { id } = fault
    const struck = this.#struckOf(pair)
    const other = struck === pair.a ? pair.b : pair.a
    const detail = { fault: id, pair: pair.name, struck: struck.name }
    this.emit('watch:started', detail)
    this.emit('fault:striking', { ...detail, promise: fault.promise })
    const sinceMs = performance.now()
    let result: Struck
    try {
      result = await fault.strike(this.#target(pair, struck, other))
      this.emit('fault:struck', { ...detail, verifiedBy: result.verifiedBy })
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      this.emit('fault:unverified', { ...detail, problem: error.message })
      return { fault, sinceMs, undo: async () => {} }
    }
    const inForce: InForce = {
      fault,
      sinceMs,
      undo: async () => {
        if (!this.#inForce.delete(inForce) || result.undo === undefined) return
        try {
          const proof: Proof = await result.undo()
          this.emit('fault:undone', { ...detail, verifiedBy: proof.verifiedBy })
        } catch (error) {
          if (!(error instanceof FaultError)) throw error
          this.emit('fault:unverified', { ...detail, problem: error.message })
        }
      },
    }
    this.#inForce.add(inForce)
    return inForce
  }

  /** From here on, what happens to the pair is not judged as the fault's. */
  endWatch(id: string, pair: Pair, struck = this.#struckOf(pair)): void {
    this.emit('watch:ended', { fault: id, pair: pair.name, struck: struck.name })
  }

  /** Somebody else struck a host, at most `uncertainMs` ago; `verifiedBy` is what showed it. */
  foundStruck(id: FaultId, pair: Pair, struck: Host, uncertainMs: number, verifiedBy: string): void {
    const detail = { fault: id, pair: pair.name, struck: struck.name }
    this.emit('watch:started', detail)
    this.emit('fault:striking', { ...detail, promise: faults[id].promise, uncertainMs })
    this.emit('fault:struck', { ...detail, verifiedBy })
  }

  /** From now on the learner's keys and buttons act on this pair. */
  handOver(pair: Pair): void {
    this.#inPlay = pair
  }

  /**
   * Does what the learner asked; what is true afterwards is for the lab to see. A command that makes no
   * sense now (mend what is whole, kill what is gone) does nothing.
   */
  async obey({ action, host: side }: PlayCommand): Promise<void> {
    const pair = this.#inPlay
    if (pair === null) return
    const host = pair[side]
    this.#log.emitter('lab', host)('host:asked', { request: action, mechanisms: [] })
    try {
      await this.#act(action, host, pair)
    } catch (error) {
      this.say(`${action} ${host.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  async #act(action: PlayAction, host: Host, pair: Pair): Promise<void> {
    const { network } = this.#hosts
    // What is true is for the lab to see: it looks at the host, not at what was asked.
    const target = { ...this.#target(pair, host, host === pair.a ? pair.b : pair.a), truth: () => {} }
    const running = host.process !== null && host.process.exit === null
    switch (action) {
      case 'exit':
        // The answer is the end of the process.
        host.process?.ask('exit', null).catch(() => {})
        return
      case 'kill':
        return host.process?.signal('SIGKILL')
      case 'freeze':
        return host.process?.signal('SIGSTOP')
      case 'continue':
        return host.process?.signal('SIGCONT')
      case 'start':
        return running ? undefined : target.restartPrograms(host)
      case 'cut':
        return network?.unplug(host)
      case 'mend':
        return network?.plug(host)
      case 'power-off':
      case 'reboot':
      case 'reset':
        await faults[action].strike(target)
    }
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
    const peer = `${seenFrom.pair}-${seenFrom.name.endsWith('-a') ? 'b' : 'a'}`
    this.#log.emitter('truth', seenFrom)('truth:updated', {
      peer,
      old,
      new: truth,
      because,
      certainty: 'definite',
    })
  }

  /** Takes back every fault and ends every process by its pid. */
  async end(because: string): Promise<void> {
    for (const inForce of [...this.#inForce]) await inForce.undo()
    this.#kernel.close()
    this.emit('run:ended', { because })
    for (const process of this.#processes) process.signal('SIGKILL')
    await Promise.all([...this.#processes].map((process) => process.exited))
    await this.#hosts.network?.close()
  }

  #struckOf({ a, b }: Pair): Host {
    return this.plan.strike === 'server' ? b : a
  }

  #target(pair: Pair, struck: Host, other: Host): Target {
    return {
      pair,
      struck,
      other,
      network: this.#hosts.network,
      truth: (seenFrom, truth) => this.truth(seenFrom, truth, 'the lab did it'),
      answers: (from) => this.#answers(from, from === pair.a ? pair.b : pair.a),
      measure: async (from, series) => {
        try {
          return await this.measure(from, from === pair.a ? pair.b : pair.a, series)
        } catch (error) {
          // A host whose process has ended measures nothing, and proves nothing.
          throw new FaultError(error instanceof Error ? error.message : String(error))
        }
      },
      restartPrograms: async (host) => {
        await this.#startProcess(host)
        await (host === pair.b ? this.#serve(pair) : this.#connectClients(pair))
      },
      run: (host, argv) => run([...host.commandPrefix, ...argv], this.#log.emitter('lab', host)),
    }
  }

  /**
   * An answer at the first try is enough to say yes. For no, one unanswered probe is enough only because
   * each fault asks right after its act and is believed only when the answer is the expected one.
   */
  async #answers(from: Host, to: Host): Promise<boolean> {
    const port = to.process?.echoPort
    if (port === undefined || from.process === null) return false
    const probe = { address: to.address, port, withinMs: PROBE_ANSWERS_WITHIN_MS }
    for (let tries = 0; tries < PROBE_TRIES; tries++) {
      if (await from.process.ask('probe', probe)) return true
    }
    return false
  }

  async #startProcess(host: Host): Promise<void> {
    host.incarnation += 1
    const { run, lab, folder, programsBundle } = this.plan
    const started = await HostProcess.start(host.commandPrefix, programsBundle, {
      run,
      lab,
      host: host.name,
      incarnation: host.incarnation,
      address: host.address,
      eventFile: `${folder}/events/${host.name}.${host.incarnation}.ndjson`,
    })
    host.process = started
    this.#processes.add(started)
    const emit = this.#log.emitter('lab', host)
    emit('host:process_started', { processId: started.pid })
    void started.exited.then(({ code, signal }) => emit('host:process_exited', { code, signal }))
  }

  async #serve({ name, b }: Pair): Promise<void> {
    const process = processOf(b)
    const { mechanisms } = this.plan
    // After a reboot the servers come back where the clients know them.
    const ports = await process.ask('serve', { mechanisms, ports: this.#ports.get(name) ?? {} })
    this.#ports.set(name, ports)
    const speakers = Object.entries(ports).map(([mechanism, port]) => [`${b.address}:${port}`, mechanism])
    await this.#capture?.label(Object.fromEntries(speakers))
    this.#kernel.watch(b, process.pid, 'server', ports)
  }

  async #connectClients({ name, a, b }: Pair): Promise<void> {
    const process = processOf(a)
    const { mechanisms, settings } = this.plan
    const ports = this.#ports.get(name) ?? {}
    this.#kernel.watch(a, process.pid, 'client', ports)
    await process.ask('connect', { mechanisms, address: b.address, ports, settings })
    this.truth(a, 'answering', 'it answers')
    this.truth(b, 'answering', 'it answers')
  }
}

function faultOf(one: FaultId | Fault): Fault {
  return typeof one === 'string' ? faults[one] : one
}

function processOf(host: Host): HostProcess {
  if (host.process === null) throw new Error(`Host ${host.name} has no process`)
  return host.process
}
