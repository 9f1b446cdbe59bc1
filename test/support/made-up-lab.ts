/**
 * The smallest lab that is nothing like keepalive: three cases that are no faults and one that is a fault
 * under another name, two mechanisms of which not every case has both, no choice of a side, no play. Its
 * hosts run no mechanism: nobody connects anything.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, openEventLog } from '../../src/events/emit.ts'
import { hostName } from '../../src/events/host-names.ts'
import { readLog } from '../../src/events/parse.ts'
import { processHosts } from '../../src/hosts/process.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import { judgeCases, type TimedClaim } from '../../src/lab/judging.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import { answerFrom } from '../../src/lab/predict.ts'
import { type Report, reportOf } from '../../src/lab/report.ts'
import { chosenPart } from '../../src/launcher/start.ts'
import { parseLabOptions } from '../../src/plan/options.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import { Recorder } from '../../src/recorder/recorder.ts'
import { Rig } from '../../src/rig/rig.ts'
import { noOffices } from './process.ts'

type FerrySettings = { callWithinMs: number }
/** Nobody waits for it: the run is interrupted. */
const LONG_MS = 60_000
/** What a ferry's programs would log themselves. */
const STREAM = 'tcp-stream:41000'

/** @param log where the programs of its hosts log, which here are none */
export function ferryLab(log: EventLog | null = null): Lab<FerrySettings> {
  return {
    id: 'ferry',
    question: 'Does it come over?',
    cases: [
      { id: 'call', promise: 'one end calls, the other answers' },
      { id: 'gone', promise: 'the far end is killed while nobody speaks' },
      { id: 'far', promise: 'the cable is longer', needs: ['network'] },
      { id: 'half', promise: 'it waits, and the run ends before it calls' },
    ],
    mechanisms: ['udp', 'tcp-stream'],
    hasCell: (caseId, mechanism) => caseId === 'call' || mechanism === 'tcp-stream',
    showFirst: ['far/tcp-stream', 'call/tcp-stream'],
    lessons: { udp: 'a call is a message.' },
    prepare: () => ({ settings: { callWithinMs: 1000 }, sysctls: {}, watchMs: 1000 }),
    async experiment(rig, plan) {
      const pairs = await rig.boot(rig.possible(this.cases))
      for (const pair of pairs) {
        if (pair.name === 'gone') {
          await rig.strike('kill', pair)
          rig.endWatch('kill', pair)
        }
        await rig.runCase(pair, async () => {
          if (pair.name === 'half') await rig.sleep(LONG_MS)
          const { address, process } = pair.b
          const ask = { address, port: process?.echoPort ?? 0, withinMs: plan.settings.callWithinMs }
          const answers = await pair.a.process?.ask('probe', ask)
          const believes = log?.emitter('tcp-client', pair.a)
          const [old, now] = answers ? (['unknown', 'up'] as const) : (['up', 'down'] as const)
          believes?.('belief:updated', { old, new: now, trigger: 'heard', certainty: 'definite' }, STREAM)
        })
      }
    },
    questions: () => [
      {
        id: 'over',
        text: 'Does the call come over?',
        choices: [
          { id: 'yes', text: 'yes' },
          { id: 'no', text: 'no' },
        ],
        cells: ['call/tcp-stream'],
        answer: (_log, checks) =>
          answerFrom(checks, ['call/tcp-stream/over'], 'Loopback is short.', ([over]) => ({
            choice: over?.verdict === 'pass' ? 'yes' : 'no',
            observed: 'as seen',
          })),
      },
    ],
    judge: (log, plan) =>
      judgeCases(
        log,
        plan,
        plan.cases.flatMap((id) => [...over(log, id), ...(id === 'call' ? alike(log) : [])]),
      ),
  }
}

/** What the near end believed in the end. */
function over(log: LabLog, caseId: string): TimedClaim[] {
  const watch = log.watchOf(caseId)
  if (watch === undefined) return []
  const expected = caseId === 'gone' ? 'down' : 'up'
  const claim = {
    id: `${caseId}/tcp-stream/over`,
    claim: `the near end says ${expected} in the end`,
    formula: 'its last belief',
    expected: { oneOf: [expected] },
    observed: { value: log.beliefAt(hostName(caseId, 'a'), 'tcp-stream', watch.to) },
    because: 'it was asked',
    source: 'test',
    evidence: [],
    ...(caseId === 'gone' ? { short: 'GONE' } : {}),
  }
  return [{ claim, ...watch }]
}

function alike(log: LabLog): TimedClaim[] {
  const watch = log.watchOf('call')
  if (watch === undefined) return []
  const claim = {
    id: 'call/udp/calls',
    claim: 'one call is enough',
    formula: 'one',
    expected: { min: 1, max: 1, unit: 'calls' },
    observed: { value: 1, unit: 'calls' },
    because: 'nothing was lost',
    source: 'test',
    evidence: [],
  }
  return [{ claim, from: watch.from, to: watch.to + SLACK_MS }]
}

export interface FerryRun {
  /** Where its folder is, as `--out` names it. */
  out: string
  plan: Plan<FerrySettings>
  log: LabLog
  report: Report
}

/** A run of it on plain processes, interrupted while `half` waits. Its folder is the caller's to remove. */
export async function runFerry(): Promise<FerryRun> {
  const out = mkdtempSync(join(tmpdir(), 'stillhere-ferry-'))
  const folder = join(out, 'ferry-1')
  const events = join(folder, 'events')
  mkdirSync(events, { recursive: true })
  const { host, capture, cable, switch: switchBundle, office: officeBundle } = await bundlePrograms()
  const about = { run: 'ferry-1', lab: 'ferry' }
  const eventLog = openEventLog({ file: join(events, 'lab.1.ndjson'), ...about, host: 'lab', incarnation: 1 })
  const lab = ferryLab(eventLog)
  const options = parseLabOptions(lab, [])
  const plan: Plan<FerrySettings> = {
    ...about,
    ...lab.prepare(options, {}),
    ...chosenPart(lab, options),
    tier: 'process',
    because: 'it is a test',
    folder,
    programsBundle: host,
    captureBundle: capture,
    cableBundle: cable,
    switchBundle,
    officeBundle,
    bankBundle: '',
    environment: { os: 'linux', kernel: '6.1' },
  }
  const stop = new AbortController()
  const recorder = new Recorder({
    folder: events,
    output: join(folder, 'events.ndjson'),
    ...about,
    beganAt: process.hrtime.bigint(),
    onEvents: (batch) => {
      if (batch.some((event) => event.name === 'case:started' && event.data.pair === 'half')) stop.abort()
    },
  })
  const rig = new Rig(plan, await processHosts(noOffices), eventLog, null, stop.signal)
  await lab.experiment(rig, plan).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
  await rig.end('interrupted')
  recorder.close()
  const log = new LabLog(readLog(join(folder, 'events.ndjson')))
  const report = reportOf(plan, log, lab.judge(log, plan), new Date())
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report))
  return { out, plan, log, report }
}
