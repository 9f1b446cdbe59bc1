/**
 * The live page under load: does it follow 5,000 events a second, and what does it cost those it watches?
 *
 *   node --import tsx bench/page.ts            (needs /usr/bin/chromium; about three minutes)
 *
 * What is printed, and how it is measured:
 * - lag: every 50 ms the page itself compares its count of events with when the server was given the next
 *   one, on the same clock. The server is given events ten times a second, as the recorder does, so even
 *   nothing but waiting for the next batch is a lag of up to 100 ms.
 * - memory: of this process (server), and of the page's JavaScript after a forced collection.
 * - the observed programs' CPU: a run in play, watched and not watched in turns of ten seconds, always with
 *   Chromium running; what the kernel counts as run time of the two hosts' processes (schedstat,
 *   nanoseconds). The ratio of the medians, and the same among turns that were not watched: what chance does.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page as Tab } from 'playwright-core'
import { labs } from '../labs/index.ts'
import { pairOf } from '../src/events/host-names.ts'
import type { LabEvent } from '../src/events/vocabulary.ts'
import { LabLog } from '../src/lab/log.ts'
import { reportOf } from '../src/lab/report.ts'
import type { StartRun } from '../src/launcher/start.ts'
import { openPage, type Page } from '../src/page/server.ts'
import { parseLabOptions } from '../src/plan/options.ts'
import type { Plan } from '../src/plan/plan.ts'
import { launchChromium } from '../test/support/chromium.ts'
import { madeUpRun } from '../test/support/made-up-run.ts'

const PER_SECOND = 5000
const SECONDS = 10
const EMIT_EVERY_MS = 100
const SAMPLE_EVERY_MS = 50
const CAUGHT_UP_WITHIN_MS = 30_000
const TURN_MS = 10_000
const TURNS = 8
const SETTLE_MS = 1500
/**
 * The page notes by itself when it showed how many events, and how long its frames took. As text: tsx adds
 * to functions what a browser does not know.
 */
const SAMPLER = `
  const notes = { samples: [], frames: [] }
  window.notes = notes
  window.shown = () => Number(document.querySelector('#count').textContent.split(' ')[0].replaceAll(',', ''))
  setInterval(() => notes.samples.push([Date.now(), window.shown()]), ${SAMPLE_EVERY_MS})
  let last = performance.now()
  requestAnimationFrame(function frame(now) {
    notes.frames.push(now - last)
    last = now
    requestAnimationFrame(frame)
  })`

const out = mkdtempSync(join(tmpdir(), 'stillhere-bench-'))
const browser = await launchChromium()

try {
  await follow()
  await cost()
} finally {
  await browser.close()
  rmSync(out, { recursive: true, force: true })
}

/** 50,000 events of a made-up run, as fast as asked for, to one page. */
async function follow(): Promise<void> {
  const made = madeUpRun({ everyMs: 55 })
  const total = PER_SECOND * SECONDS
  const events = made.log.events.slice(0, total)
  if (events.length < total) throw new RangeError(`only ${events.length} events to send`)
  let emit = (_events: LabEvent[]): void => {}
  let end = (): void => {}
  const start: StartRun = async (_lab, _options, onEvents) => {
    emit = onEvents
    const plan: Plan = { ...made.plan, run: 'bench' }
    const log = new LabLog([])
    const done = new Promise<void>((resolve) => {
      end = resolve
    }).then(() => ({ plan, log, report: reportOf(plan, log, [], new Date()), interrupted: true }))
    return { plan, asRoot: false, stop: end, command: () => {}, done }
  }
  const page = await openPage({ labs, out, port: 0, start })
  const tab = await open(page)
  await page.live.start(labs.keepalive, parseLabOptions(labs.keepalive, ['--out', out]))
  await delay(SETTLE_MS)
  await tab.evaluate(SAMPLER)
  const heapBefore = await heapMb(tab)
  const rssBefore = rssMb()

  const emittedAt: number[] = []
  const began = performance.now()
  for (let sent = 0; sent < total; ) {
    await delay(Math.max(0, began + ((sent + 1) * 1000) / PER_SECOND + EMIT_EVERY_MS - performance.now()))
    const due = Math.min(total, Math.floor(((performance.now() - began) * PER_SECOND) / 1000))
    const batch = events.slice(sent, due)
    emit(batch)
    const now = Date.now()
    for (const _ of batch) emittedAt.push(now)
    sent = due
  }
  const allSentAt = Date.now()
  await tab.waitForFunction(`window.shown() >= ${total}`, null, { timeout: CAUGHT_UP_WITHIN_MS })
  const caughtUpMs = Date.now() - allSentAt
  const { samples, frames } = await sampled(tab)
  const lags = samples
    .filter(([, count]) => count < total)
    .map(([at, count]) => Math.max(0, at - (emittedAt[count] ?? at)))
  const half = Math.floor(lags.length / 2)
  say(`${total} events, ${PER_SECOND} a second, one browser`)
  say(`  lag: median ${at(lags, 0.5)} ms, 99 % under ${at(lags, 0.99)} ms, worst ${at(lags, 1)} ms`)
  say(
    `  lag, first half against second: median ${at(lags.slice(0, half), 0.5)} / ${at(lags.slice(half), 0.5)} ms`,
  )
  say(`  the last event is shown ${caughtUpMs} ms after it was sent`)
  say(`  frames: median ${at(frames, 0.5)} ms, 99 % under ${at(frames, 0.99)} ms, worst ${at(frames, 1)} ms`)
  say(`  the page's JavaScript heap: ${heapBefore} MB before, ${await heapMb(tab)} MB after`)
  say(`  the server's memory: ${rssBefore} MB before, ${rssMb()} MB after`)
  await tab.close()
  await page.close()
}

/** The same hosts, watched and not watched in turns. */
async function cost(): Promise<void> {
  const page = await openPage({ labs, out, port: 0 })
  const pids = new Set<number>()
  const run = await page.live.start(
    labs.keepalive,
    parseLabOptions(labs.keepalive, ['--play', '--out', out]),
    (events) => {
      for (const event of events) {
        if (event.name === 'program:started' && pairOf(event.host) !== null)
          pids.add(event.outerPid ?? event.pid)
      }
    },
  )
  while (pids.size < 2) await delay(SAMPLE_EVERY_MS)
  const tab = await browser.newPage()
  await delay(TURN_MS)
  const spent = { unwatched: [] as number[], watched: [] as number[] }
  for (let turn = 0; turn < 2 * TURNS; turn++) {
    // Not, watched, watched, not: what slowly grows or shrinks meanwhile counts for both alike.
    const isWatched = turn % 4 === 1 || turn % 4 === 2
    await tab.goto(isWatched ? page.url : 'about:blank')
    await delay(SETTLE_MS)
    const before = cpuMs(pids)
    await delay(TURN_MS)
    spent[isWatched ? 'watched' : 'unwatched'].push(cpuMs(pids) - before)
  }
  run.stop()
  await page.close()
  const list = (values: number[]) => values.map((value) => value.toFixed(0)).join(' ')
  say(
    `the observed programs (${run.plan.tier} hosts, ${pids.size} processes), ms of CPU in turns of ${TURN_MS / 1000} s`,
  )
  say(`  without a page: ${list(spent.unwatched)}`)
  say(`  with a page:    ${list(spent.watched)}`)
  const ratio = (some: number[], others: number[]) => (median(some) / median(others)).toFixed(3)
  say(`  with / without, medians: ${ratio(spent.watched, spent.unwatched)}`)
  say(
    `  for comparison, without / without, odd turns against even: ${ratio(
      spent.unwatched.filter((_, turn) => turn % 2 === 0),
      spent.unwatched.filter((_, turn) => turn % 2 === 1),
    )}`,
  )
}

async function open(page: Page): Promise<Tab> {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await tab.goto(page.url)
  await tab.getByText('connected', { exact: true }).waitFor()
  return tab
}

function sampled(tab: Tab) {
  return tab.evaluate(
    () => (globalThis as unknown as { notes: { samples: [number, number][]; frames: number[] } }).notes,
  )
}

async function heapMb(tab: Tab): Promise<number> {
  const session = await tab.context().newCDPSession(tab)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return Math.round(usedSize / 1e6)
}

function rssMb(): number {
  return Math.round(process.memoryUsage().rss / 1e6)
}

function cpuMs(pids: ReadonlySet<number>): number {
  let ns = 0
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    }
  }
  return ns / 1e6
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}

function at(values: readonly number[], share: number): string {
  const sorted = values.toSorted((one, other) => one - other)
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(0)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
