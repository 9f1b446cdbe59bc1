/**
 * The recorder of the containers: reads what they write, puts the two ends of each conversation beside one
 * another, says what is true as far as anybody can tell, and serves the page. It touches nothing that is
 * observed, and keeps nothing in mind that is not in the session's files: killed and started again, it reads them
 * from their beginning, and nothing is lost.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join, resolve } from 'node:path'
import { conditionsOf } from '../../labs/keepalive/conditions.ts'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { faultIds } from '../faults/registry.ts'
import { jiffyMs } from '../kernel/jiffies.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import type { Plan } from '../lab/lab.ts'
import { mechanisms } from '../programs/host-messages.ts'
import { Recorder } from '../recorder/recorder.ts'
import { PlayView } from '../view/terminal/play.ts'
import { styleFor } from '../view/terminal/style.ts'
import { Arranger } from './arrange.ts'
import { LAB, SERVER_PORTS } from './constants.ts'
import { Judgement } from './judgement.ts'
import { eventFolder, openSession, SESSION_FOLDER, type Session } from './session.ts'
import { TruthFinder } from './truths.ts'

/** Where runs are kept; docker-compose.yml mounts it. */
const RUNS = resolve('runs')

void main()

async function main(): Promise<void> {
  const session = openSession(SESSION_FOLDER)
  const plan = planOf(session)
  mkdirSync(plan.folder, { recursive: true })
  writeFileSync(join(plan.folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`)
  // Made anew from the session's files: what an earlier recorder wrote is in there too.
  rmSync(join(plan.folder, 'events.ndjson'), { force: true })

  const arranger = new Arranger(SERVER_PORTS)
  const truths = new TruthFinder()
  const judgement = new Judgement(plan, keepalive.judge)
  const lines = new PlayView((text) => process.stdout.write(text), styleFor(process.stdout, { plain: true }))
  lines.begin(plan, false)
  const recorder = new Recorder({
    folder: eventFolder(SESSION_FOLDER),
    output: join(plan.folder, 'events.ndjson'),
    run: plan.run,
    lab: plan.lab,
    beganAt: BigInt(session.beganAt),
    arrange: (events) => arranger.take(events).flatMap((event) => truths.take(event)),
    onEvents: (events) => {
      lines.show(events)
      for (const event of events) {
        if (judgement.take(event)) {
          for (const check of judgement.checks.slice(-18))
            process.stdout.write(
              `${check.verdict} ${check.id} ${JSON.stringify(check.expected)} ${JSON.stringify(check.observed)} ${check.because}\n`,
            )
        }
      }
    },
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      recorder.close()
      process.exit(0)
    })
}

function planOf({ run }: Session): Plan {
  const options = { pace: 'quick' as const, mechanisms: [...mechanisms] }
  const jiffy = jiffyMs()
  return {
    ...conditionsOf(options, readSysctls()),
    ...options,
    run,
    lab: LAB,
    tier: 'netns',
    because: 'docker compose up',
    strike: 'server',
    seed: 0,
    play: true,
    faults: faultIds,
    folder: join(RUNS, run),
    programsBundle: '',
    captureBundle: '',
    environment: {
      os: process.platform,
      kernel: os.release(),
      node: process.version,
      cpus: os.availableParallelism(),
      ...(jiffy === null ? {} : { jiffyMs: jiffy }),
    },
  }
}
