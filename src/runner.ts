/**
 * The runner: started by `lab/launch.ts`, inside namespaces of its own where they exist, with the plan as
 * its one argument. It builds the hosts, runs the experiment, and ends; whatever it made ends with it.
 */
import { labs } from '../labs/index.ts'
import { type Emitter, openEventLog } from './events/emit.ts'
import type { Hosts } from './hosts/host.ts'
import { netnsHosts, type Watcher } from './hosts/netns.ts'
import { processHosts } from './hosts/process.ts'
import { CableProcess } from './kernel/cable/cable-process.ts'
import { CaptureProcess } from './kernel/capture/capture-process.ts'
import type { Plan } from './lab/lab.ts'
import { isPlayCommand } from './lab/play-command.ts'
import { Rig } from './lab/rig.ts'

/** The control timer: as often as the finest thing we measure needs. */
const CONTROL_EVERY_MS = 50
/** Less is the ordinary lateness of timers on two busy cores, and would fill the log. */
const CONTROL_WORTH_TELLING_MS = 50

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan
const log = openEventLog({
  file: `${plan.folder}/events/lab.1.ndjson`,
  run: plan.run,
  lab: plan.lab,
  host: 'lab',
  incarnation: 1,
})
const emit = log.emitter('lab')

const stop = new AbortController()
let stoppedBecause = 'the experiment is over'
function stopBecause(reason: string): void {
  if (!stop.signal.aborted) stoppedBecause = reason
  stop.abort()
}
// The launcher asks by its channel; if it is gone, so is the reason to go on.
process.on('message', (message) => {
  if (isPlayCommand(message)) void rig?.obey(message)
  else stopBecause(String(message))
})
process.on('disconnect', () => stopBecause('the launcher is gone'))
process.on('SIGTERM', () => stopBecause('SIGTERM'))

let rig: Rig | null = null
let capture: CaptureProcess | null = null
void main()

async function main(): Promise<void> {
  const { tier, because, pace, strike, seed, play, mechanisms, environment } = plan
  emit('run:started', { tier, because, pace, strike, seed, play, mechanisms, environment })
  const control = startControl(emit)
  try {
    const lab = labs[plan.lab as keyof typeof labs]
    let hosts: Hosts
    if (tier === 'netns') {
      const started = await CaptureProcess.start(plan.captureBundle, plan, emit)
      capture = started
      // The process to come is the first this host's packets are captured for.
      const watcher: Watcher = {
        wired: ({ name, incarnation }) => started.watch({ name, incarnation: incarnation + 1 }),
        translated: (addresses) => started.translate(addresses),
      }
      hosts = await netnsHosts(plan.sysctls, log, watcher, () => CableProcess.start(plan.cableBundle, plan))
    } else hosts = await processHosts()
    rig = new Rig(plan, hosts, log, capture, stop.signal)
    await (play ? lab.play(rig) : lab.experiment(rig))
  } catch (error) {
    if (!stop.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error)
      emit('program:failed', { message })
      // The launcher shows it to the person in front.
      process.stderr.write(message)
      stoppedBecause = message
      process.exitCode = 1
    }
  } finally {
    await rig?.end(stoppedBecause)
    await capture?.stop()
    clearInterval(control)
    process.disconnect?.()
  }
}

/** A timer that does nothing but notice when it comes late: the measure of how busy the machine was. */
function startControl(emit: Emitter): NodeJS.Timeout {
  let due = performance.now() + CONTROL_EVERY_MS
  return setInterval(() => {
    const now = performance.now()
    if (now - due > CONTROL_WORTH_TELLING_MS) emit('control:late', { lateMs: now - due })
    due = now + CONTROL_EVERY_MS
  }, CONTROL_EVERY_MS)
}
