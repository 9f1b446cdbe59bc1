/**
 * The runner: started by `lab/launch.ts`, inside namespaces of its own where they exist, with the plan as
 * its one argument. It builds the hosts, runs the experiment, and ends; whatever it made ends with it.
 */
import { isLabId, loadLab } from '../../labs/load.ts'
import { openEventLog } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Hosts } from '../hosts/host.ts'
import { LoopbackOffices } from '../hosts/loopback-offices.ts'
import { netnsHosts, type Watcher } from '../hosts/netns.ts'
import { processHosts } from '../hosts/process.ts'
import { CableProcess } from '../kernel/cable/cable-process.ts'
import { CaptureProcess } from '../kernel/capture/capture-process.ts'
import { SwitchProcess } from '../kernel/switch/switch-process.ts'
import { KIT } from '../kit/settings.ts'
import { EXPERIMENT_OVER } from '../lab/judging.ts'
import type { Lab } from '../lab/lab.ts'
import { WRONG_USAGE } from '../plan/options.ts'
import type { Plan } from '../plan/plan.ts'
import { isPlayCommand } from '../plan/play-command.ts'
import { startControl } from '../rig/control.ts'
import { Rig } from '../rig/rig.ts'

type Runnable = Pick<Lab, 'experiment' | 'play' | 'playInBrowser'>

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
let stoppedBecause = EXPERIMENT_OVER
function stopBecause(reason: string): void {
  if (!stop.signal.aborted) stoppedBecause = reason
  stop.abort()
}
// The launcher asks by its channel; if it is gone, so is the reason to go on.
process.on('message', (message) => {
  if (isPlayCommand(message)) rig?.learner.take(message)
  // Anything else is between an experiment and whoever listens to it.
  else if (typeof message === 'string') stopBecause(message)
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
    const lab: Runnable = isLabId(plan.lab) ? await loadLab[plan.lab]() : await loadOther(plan.lab)
    let hosts: Hosts
    if (tier === 'netns') {
      const started = await CaptureProcess.start(plan.captureBundle, plan, log)
      capture = started
      // The process to come is the first this host's packets are captured for.
      const watcher: Watcher = {
        wired: ({ name, incarnation }, cards) => started.watch({ name, incarnation: incarnation + 1, cards }),
        translated: (addresses) => started.translate(addresses),
      }
      hosts = await netnsHosts(plan.sysctls, log, watcher, {
        cables: () => CableProcess.start(plan.cableBundle, plan),
        switches: () => SwitchProcess.start(plan.switchBundle, plan),
      })
    } else hosts = await processHosts(() => LoopbackOffices.start(plan.officeBundle, plan))
    rig = new Rig(plan, hosts, log, capture, stop.signal)
    if (play) await (lab.playInBrowser ?? lab).play?.(rig, plan)
    else await lab.experiment(rig, plan)
  } catch (error) {
    const killed = stop.signal.aborted ? null : ((await rig?.killOn()) ?? null)
    // What was seen until then still counts, and the report says so.
    if (killed !== null) stopBecause(killed)
    else if (!stop.signal.aborted) {
      const message = error instanceof Error ? error.message : String(error)
      emit('program:failed', { message })
      // The launcher shows it to the person in front.
      process.stderr.write(message)
      stoppedBecause = message
      process.exitCode = error instanceof UsageError ? WRONG_USAGE : 1
    }
  } finally {
    await rig?.end(stoppedBecause)
    await capture?.stop()
    clearInterval(control)
    // Not only when nothing is left to wait for: a host that was still starting keeps its channel open, and has not
    // heard that it is over. It ends with this process. What was said last is out before that.
    process.stderr.write('', () => process.exit())
  }
}

/** Those that no folder of `labs/` is: programs of somebody's own, by the command line or in a test. */
async function loadOther(id: string): Promise<Runnable> {
  if (id === KIT) {
    const { play } = await import('../kit/lab.ts')
    return { experiment: play, play }
  }
  return await import('../try/lab.ts')
}
