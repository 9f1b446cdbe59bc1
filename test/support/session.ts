/**
 * A session: a file that runs inside namespaces of its own, as a run's runner does, with hosts it can strike.
 * The test that starts it gets what it reports and every event it left.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEventLog } from '../../src/events/emit.ts'
import { inOrder, parseEvent } from '../../src/events/parse.ts'
import type { EventOf, LabEvent } from '../../src/events/vocabulary.ts'
import type { Isolation } from '../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { netnsHosts } from '../../src/hosts/netns.ts'
import { CableProcess } from '../../src/kernel/cable/cable-process.ts'
import { CaptureProcess } from '../../src/kernel/capture/capture-process.ts'
import { SwitchProcess } from '../../src/kernel/switch/switch-process.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import { type Programs, Rig } from '../../src/rig/rig.ts'

const SESSION_LIMIT_MS = 100_000

export interface SessionResult<Report> {
  report: Report
  events: LabEvent[]
  /** Commands still running afterwards that name the session's folder. */
  left: string[]
}

/**
 * Runs a session's file and waits for it. The events' `time` is the machine's, in milliseconds.
 * @param change of the session's plan
 * @throws Error with what it printed when it fails
 */
export async function runSession<Report>(
  file: URL,
  isolation: Isolation,
  change: Partial<Plan> = {},
  limitMs = SESSION_LIMIT_MS,
): Promise<SessionResult<Report>> {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-session-'))
  try {
    mkdirSync(join(folder, 'events'))
    const argument = JSON.stringify({ folder, change, ...(await bundlePrograms()) })
    const [program = '', ...prefix] = isolation.commandPrefix
    const args = [...prefix, process.execPath, '--import', 'tsx', fileURLToPath(file), argument]
    const { status, signal, stdout, stderr } = spawnSync(program, args, {
      env: environmentWithSbin(),
      timeout: limitMs,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`the session ended with ${signal ?? status}: ${stderr}${stdout}`)
    const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(folder))
    return { report: JSON.parse(stdout) as Report, events: eventsIn(join(folder, 'events')), left }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @throws Error when a line is no event of the vocabulary */
function eventsIn(folder: string): LabEvent[] {
  const events: LabEvent[] = []
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const event = line === '' ? null : parseEvent(line)
      if (event === null) continue
      if ('problem' in event) throw new Error(`${file}: ${event.problem}: ${line}`)
      events.push({ ...event, time: Number(event.mono) / 1e6 } as LabEvent)
    }
  }
  return events.sort(inOrder)
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // It ended while we looked.
    return ''
  }
}

/** Inside: a rig, with captures. `report` prints what the test gets; call it last. */
export async function openSession(own: Partial<Plan> = {}) {
  const {
    folder,
    host,
    capture,
    cable,
    switch: switchBundle,
    change: others,
  } = JSON.parse(process.argv[2] ?? '{}')
  const about = { run: 'test', lab: 'test', folder }
  const log = openEventLog({ ...about, file: `${folder}/events/lab.1.ndjson`, host: 'lab', incarnation: 1 })
  const captures = await CaptureProcess.start(capture, about, log)
  const watcher = {
    wired: ({ name, incarnation }: { name: string; incarnation: number }) =>
      captures.watch({ name, incarnation: incarnation + 1 }),
    translated: (addresses: Record<string, string>) => captures.translate(addresses),
  }
  const change: Partial<Plan> = { ...own, ...others }
  const hosts = await netnsHosts(change.sysctls ?? {}, log, watcher, {
    cables: () => CableProcess.start(cable, about),
    switches: () => SwitchProcess.start(switchBundle, about),
  })
  const plan = {
    ...about,
    strike: 'server',
    programsBundle: host,
    ...change,
  } as Plan
  const rig = new Rig(plan, hosts, log, captures, new AbortController().signal)
  return {
    rig,
    log,
    async report(what: unknown): Promise<never> {
      await rig.end('the session is over')
      await captures.stop()
      process.stdout.write(JSON.stringify(what))
      process.exit()
    },
  }
}

/** One idle TCP connection, of which nothing is heard. */
export const idleConnection: Programs = {
  mechanisms: ['tcp-idle'],
  settings: { keepalive: { idleMs: 1000, intervalMs: 1000, probes: 3 }, userTimeoutMs: 5000 },
}

/** The events of one name, in order of time. */
export function named<N extends LabEvent['name']>(events: readonly LabEvent[], name: N): EventOf<N>[] {
  return events.filter((event): event is EventOf<N> => event.name === name)
}
