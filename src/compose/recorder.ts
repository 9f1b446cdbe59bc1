/**
 * The recorder of the containers: reads what they write, puts the two ends of each conversation beside one
 * another, says what is true as far as anybody can tell, judges, and serves the page. It touches nothing that is
 * observed, and keeps nothing in mind that is not in the session's files: killed and started again, it reads them
 * from their beginning, and nothing is lost.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { conditionsOf } from '../../labs/keepalive/conditions.ts'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { pairOf } from '../events/host-names.ts'
import type { EventOf, LabEvent } from '../events/vocabulary.ts'
import { printable, printableData } from '../foreign/printable.ts'
import { readRegular } from '../foreign/regular-file.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import type { Check } from '../lab/checks.ts'
import type { Lab } from '../lab/lab.ts'
import { LabLog } from '../lab/log.ts'
import { type Report, reportOf } from '../lab/report.ts'
import { readReport } from '../lab/run-files.ts'
import { markAsLatest } from '../launcher/launch.ts'
import { chosenPart, environmentHere, type Run } from '../launcher/start.ts'
import { isUncertain } from '../page/lanes.ts'
import { newToken } from '../page/locks.ts'
import { openPage } from '../page/server.ts'
import { type LabOptions, parseLabOptions } from '../plan/options.ts'
import type { Plan } from '../plan/plan.ts'
import { Recorder } from '../recorder/recorder.ts'
import { PlayView } from '../view/terminal/play.ts'
import { styleFor } from '../view/terminal/style.ts'
import { Arranger } from './arrange.ts'
import { SERVER_PORTS } from './constants.ts'
import { Judgement } from './judgement.ts'
import { eventFolder, openSession, SESSION_FOLDER, type Session } from './session.ts'
import { ShownActs } from './shown-acts.ts'
import { TruthFinder } from './truths.ts'

/** Where runs are kept; docker-compose.yml mounts it. No other container does: the token is here, too. */
const RUNS = resolve('runs')
/** Inside the container; docker-compose.yml publishes it on the machine's loopback, at another port if need be. */
const PORT = 8080
const PUBLISHED_PORT = Number(process.env.STILLHERE_PAGE_PORT ?? PORT)
/** Twenty clients start one after the other; they are told together. */
const CLIENTS_COME_WITHIN_MS = 2000
/** See `newToken`. */
const TOKEN_BYTES_MAX = 1024

const lab = keepalive as unknown as Lab

void main()

async function main(): Promise<void> {
  const session = openSession(SESSION_FOLDER)
  const options = parseLabOptions(lab, ['--play', '--no-predict', '--plain', '--out', RUNS])
  const plan = planOf(session, options)
  mkdirSync(plan.folder, { recursive: true })
  writeJson(plan, 'plan.json', plan)
  markAsLatest(RUNS, plan.run)
  // Made anew from the session's files: what an earlier recorder wrote is in there too.
  rmSync(join(plan.folder, 'events.ndjson'), { force: true })

  const judgement = new Judgement(plan, lab.judge)
  const acts = new ShownActs(plan, judgement)
  const page = await openPage({
    labs: {},
    out: RUNS,
    port: PORT,
    container: { publishedPort: PUBLISHED_PORT, token: tokenOf(plan), acts: () => acts.list() },
    start: async (_lab, _options, onEvents) => record(session, plan, onEvents),
  })
  process.stdout.write(`The page: ${page.url}\n`)

  const lines = new PlayView((text) => process.stdout.write(text), styleFor(process.stdout, options))
  lines.begin(plan, false)
  const report = () => reportOf(plan, judgement.anyLog(), [...judgement.checks], new Date(session.startedAt))
  const again = addressAgain(page.url)
  const strikes = new Map<string, EventOf<'fault:striking'>>()
  await page.live.start(lab, options, (events) => {
    lines.show(events)
    let isNew = false
    for (const event of events) {
      again(event)
      acts.take(event)
      if (event.name === 'fault:striking') strikes.set(event.data.pair, event)
      const checks = judgement.take(event)
      if (checks.length === 0) continue
      isNew = true
      process.stdout.write(`${summaryOf(checks, strikes)}\n`)
    }
    if (!isNew) return
    const found = report()
    writeJson(plan, 'report.json', found)
    page.live.judged(found)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      writeJson(plan, 'report.json', report())
      void page.close().then(() => process.exit(0))
    })
  }
}

/** The run that goes on in the containers, as far as a page is concerned. */
function record(session: Session, plan: Plan, onEvents: (events: LabEvent[]) => void): Run {
  const arranger = new Arranger(SERVER_PORTS)
  const truths = new TruthFinder()
  const recorder = new Recorder({
    folder: eventFolder(SESSION_FOLDER),
    output: join(plan.folder, 'events.ndjson'),
    run: plan.run,
    lab: plan.lab,
    beganAt: BigInt(session.beganAt),
    arrange: (events) => arranger.take(events).flatMap((event) => truths.take(event)),
    onEvents,
  })
  let stop = () => {}
  const done = new Promise<Report>((resolve, reject) => {
    stop = () => {
      recorder.close()
      const report = readReport(plan.folder)
      if ('problem' in report) reject(new Error(report.problem))
      else resolve(report)
    }
  }).then((report) => ({ plan, log: new LabLog([]), report, interrupted: false }))
  return { plan, asRoot: false, stop, command: () => {}, done }
}

/** The address, once more when clients have come up: what the engine writes meanwhile has pushed it out of sight. */
function addressAgain(url: string): (event: LabEvent) => void {
  const pairs = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  return (event) => {
    const pair = pairOf(event.host)
    if (event.name !== 'belief:updated' || event.data.new !== 'up' || pair === null || pairs.has(pair)) return
    pairs.add(pair)
    clearTimeout(timer)
    timer = setTimeout(() => {
      const clients = pairs.size === 1 ? 'a client is' : `${pairs.size} clients are`
      process.stdout.write(`${clients} up. The page: ${url}\n`)
    }, CLIENTS_COME_WITHIN_MS)
  }
}

/** The checks of one strike on one pair: a line, and each that failed. */
function summaryOf(
  checks: readonly Check[],
  strikes: ReadonlyMap<string, EventOf<'fault:striking'>>,
): string {
  const [pair = '', , what = ''] = checks[0]?.id.split('/') ?? []
  const [number, fault] = what.split('-')
  const count = (verdict: Check['verdict']) => checks.filter((check) => check.verdict === verdict).length
  const failed = printableData(checks).filter(({ verdict }) => verdict === 'fail')
  const held = isUncertain(strikes.get(pair)?.data ?? {}) ? 'agree' : 'passed'
  return [
    printable(`${pair}, strike ${number}, ${fault}`) +
      `: ${count('pass')} checks ${held}, ${count('fail')} failed, ${count('skipped')} skipped`,
    ...failed.map(({ id, claim, because }) => `  fail: ${id}: ${claim}: ${because}`),
  ].join('\n')
}

/** The same as long as the session goes on, so that a page that is open finds a recorder that was started again. */
function tokenOf({ folder }: Plan): string {
  const file = join(folder, '.page-token')
  try {
    writeFileSync(file, newToken(), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readRegular(file, TOKEN_BYTES_MAX)
}

function writeJson(plan: Plan, name: string, value: unknown): void {
  writeFileSync(join(plan.folder, name), `${JSON.stringify(value, null, 2)}\n`)
}

function planOf({ run }: Session, options: LabOptions): Plan {
  return {
    ...conditionsOf(options, readSysctls()),
    ...chosenPart(lab, options),
    run,
    tier: 'compose',
    because: 'containers that docker compose started',
    folder: join(RUNS, run),
    // Nothing is started from here.
    programsBundle: '',
    captureBundle: '',
    cableBundle: '',
    switchBundle: '',
    officeBundle: '',
    bankBundle: '',
    environment: environmentHere(),
  }
}
