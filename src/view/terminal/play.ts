/**
 * `--play`: line by line what both ends, both kernels and the truth say as it changes, and what to type
 * in another terminal.
 */
import { hostName, hostOfRole } from '../../events/host-names.ts'
import type { EventOf, LabEvent } from '../../events/vocabulary.ts'
import { printable, printableData } from '../../foreign/printable.ts'
import { enterContainer } from '../../hosts/container.ts'
import { cableByHand } from '../../hosts/netns.ts'
import { mechanismOf } from '../../lab/log.ts'
import type { Style } from '../../lab/tale.ts'
import type { Plan, RunTier } from '../../plan/plan.ts'
import { PLAY_PAIR } from '../../plan/play-command.ts'

export class PlayView {
  readonly #write: (text: string) => void
  #tier: RunTier = 'process'
  #asRoot = false
  readonly #style: Style
  /** As another terminal sees them; by host, and `lab` for the runner. */
  readonly #pids = new Map<string, number>()
  #explained = false

  constructor(write: (text: string) => void, style: Style) {
    this.#write = write
    this.#style = style
  }

  /** @param asRoot the netns tier without a user namespace */
  begin(plan: Plan, asRoot: boolean): void {
    this.#tier = plan.tier
    this.#asRoot = asRoot
    // Whoever starts containers knows how to strike them; and they come and go.
    this.#explained = plan.tier === 'compose'
    this.#write(`${plan.tier} hosts: ${printable(plan.because)}. Ctrl-C ends it.\n`)
  }

  show(events: readonly LabEvent[]): void {
    for (const event of printableData(events)) {
      if (event.name === 'program:started' || event.name === 'run:started') {
        this.#pids.set(event.host, event.outerPid ?? event.pid)
      }
      const line = this.#lineOf(event)
      // That nine connections come up is no news; what becomes of them is.
      const isNews = this.#explained || event.name === 'run:progressed'
      if (line !== null && isNews) this.#write(`${(event.time / 1000).toFixed(1).padStart(7)} s  ${line}\n`)
      if (event.name === 'run:progressed' && event.data.message.endsWith('your turn')) this.#explain()
    }
  }

  #lineOf(event: LabEvent): string | null {
    const { bold, good, bad, doubtful, dim } = this.#style
    const where = `${event.host.padEnd(11)}${(mechanismOf(event) ?? '').padEnd(17)}`
    switch (event.name) {
      case 'run:progressed':
        return bold(event.data.message)
      case 'truth:updated':
        return `${bold('TRUTH ')} ${event.data.peer} is ${event.data.new}: ${event.data.because}`
      case 'belief:updated': {
        const paint = { up: good, down: bad, suspect: doubtful, connecting: same, unknown: same }[
          event.data.new
        ]
        const how =
          event.data.certainty === 'unknown'
            ? `${event.data.trigger}, which proves nothing`
            : event.data.trigger
        return `belief ${where}${event.data.old} -> ${paint(event.data.new)} (${how})`
      }
      case 'kernel:socket_updated': {
        const change = kernelChange(event)
        return change === null ? null : dim(`kernel ${where}${change}`)
      }
      case 'http-session:started':
        return `session ${where.trimEnd()} ${event.data.session} started`
      case 'http-session:denied':
        return `session ${where.trimEnd()} ${event.data.session} refused`
      default:
        return null
    }
  }

  #explain(): void {
    if (this.#explained) return
    this.#explained = true
    const commands = commandsByHand(this.#pids, this.#tier, this.#asRoot, enterContainer())
    const heading =
      commands.length === 0 ? ONLY_HERE : `In another terminal${this.#asRoot ? '' : ', as the same user'}:`
    this.#write(this.#style.bold(`\n${heading}\n`))
    for (const { command, what } of commands) this.#write(`  ${command}\n      ${what}\n`)
    this.#write('Ctrl-C here ends it and writes the report. What will each of the nine say, and when?\n\n')
  }
}

/** Instead of commands that would strike somebody else. */
export const ONLY_HERE = 'This container has pids of its own: strike by key, in this terminal'

/**
 * What a learner can type in another terminal; nothing where its pids would be those of others.
 * @param pids as that terminal sees them, or the container it enters; by host, and `lab` for the runner
 * @param enter what brings a command to where those pids are, see `enterContainer`
 */
export function commandsByHand(
  pids: ReadonlyMap<string, number>,
  tier: RunTier,
  asRoot: boolean,
  enter: string | null,
): { command: string; what: string }[] {
  if (enter === null) return []
  const there = (command: string) => (enter === '' ? command : `${enter} ${command}`)
  const rows: { command: string; what: string }[] = []
  for (const role of ['server', 'client'] as const) {
    const host = hostOfRole(PLAY_PAIR, role)
    const pid = pids.get(host)
    if (pid === undefined) continue
    rows.push({ command: there(`kill -9 ${pid}`), what: `kill the ${role}s (${host})` })
    if (process.platform !== 'win32') {
      const what = `freeze the ${role}s; -CONT instead of -STOP continues them`
      rows.push({ command: there(`kill -STOP ${pid}`), what })
    }
  }
  const runner = pids.get('lab')
  if (tier === 'netns' && runner !== undefined) {
    const { cut, mend } = cableByHand({ name: hostName(PLAY_PAIR, 'b'), pair: PLAY_PAIR }, runner, asRoot)
    rows.push(
      { command: there(cut), what: 'cut the cable, silently' },
      { command: there(mend), what: 'plug it in again' },
    )
  }
  return rows
}

/** null where only queues or timers changed, which they do all the time. */
function kernelChange({ data }: EventOf<'kernel:socket_updated'>): string | null {
  const { old, new: now } = data
  const words = (socket: typeof now) => socket?.state ?? 'no entry'
  if (words(old) !== words(now)) return `${words(old)} -> ${words(now)}`
  if (now === null || old === null) return null
  if (now.unansweredProbes > old.unansweredProbes)
    return `${now.state}, ${now.unansweredProbes} unanswered probes`
  if (now.retransmits > old.retransmits) return `${now.state}, sent again ${now.retransmits} times`
  return null
}

function same(text: string): string {
  return text
}
