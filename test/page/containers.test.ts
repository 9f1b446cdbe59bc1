/** The page of the containers in a real browser: what is believed, what to type, what was expected and seen. */

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { Arranger } from '../../src/compose/arrange.ts'
import { SERVER_PORTS } from '../../src/compose/constants.ts'
import { TruthFinder } from '../../src/compose/truths.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { LabLog } from '../../src/lab/log.ts'
import { reportOf } from '../../src/lab/report.ts'
import type { ShownAct } from '../../src/page/messages.ts'
import { openPage } from '../../src/page/server.ts'
import { parseLabOptions } from '../../src/plan/options.ts'
import { CLIENT, entered, event, mapped } from '../compose/support.ts'
import { complaintsOfAxe } from '../support/axe.ts'
import { hasChromium, openPage as openInChromium } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { testNeeding } from '../support/needs.ts'
import { PretendedRuns, send } from './support.ts'

const test = testNeeding('Chromium', hasChromium)
const lab = keepalive as unknown as Lab
const TOKEN = 'a-token-of-this-test'
const SOON = { timeout: 10_000 }

const ACTS: ShownAct[] = [
  {
    id: 'kill server',
    strikes: 'server',
    fault: 'kill',
    promise: 'SIGKILL for its process',
    command: 'docker compose kill server',
    announced: 'announce, kill, announce',
    expected: { 'tcp-idle': { words: 'down after 0.0 .. 0.3 s (fin)', why: 'its kernel says so' } },
    foretold: {},
  },
]

/** A page as the recorder serves it, and the log of its containers, made by hand. */
async function containers() {
  const runs = new PretendedRuns()
  const port = await freePort()
  const page = await openPage({
    labs: {},
    out: temporaryFolder(),
    port,
    container: { publishedPort: port, token: TOKEN, acts: () => ACTS },
    start: async (...how) => {
      const run = await runs.start(...how)
      return { ...run, plan: { ...run.plan, tier: 'compose', play: true } }
    },
  })
  onTestFinished(() => page.close())
  const options = parseLabOptions(lab, ['--play', '--out', temporaryFolder()])
  const { plan } = await page.live.start(lab, options)
  const arranger = new Arranger(SERVER_PORTS)
  const finder = new TruthFinder()
  return {
    page,
    plan,
    port,
    say(...events: LabEvent[]): void {
      runs.emit(arranger.take(events).flatMap((one) => finder.take(one)))
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function up(time: number, host: string): LabEvent {
  const data = { old: 'unknown', new: 'up', trigger: 'connected', certainty: 'definite' } as const
  return event(time, host, 'belief:updated', data, 'tcp-idle:41000')
}

test('it shows both ends, what to type, and what was seen of it; nothing can be started or stopped', async () => {
  const { page, plan, say, port } = await containers()
  const { page: tab, complaints } = await openInChromium(page.url, { bypassCSP: true })
  say(entered(0, 'server', '10.213.2.10'), entered(10, 'client-1', CLIENT), mapped(20, 41_000, 41_000))
  say(up(30, 'client-1'), up(31, 'server'))

  // What to expect of an act is a table with such rows, too.
  const row = tab.locator('[data-part=strike]').getByRole('row', { name: /^tcp-idle/ })
  await row.getByText('remembers it').waitFor(SOON)
  expect(await row.getByText('up', { exact: true }).count()).toBe(2)
  expect(await tab.locator('#choose').isVisible()).toBe(false)
  expect(await tab.getByRole('button', { name: 'Stop the run' }).count()).toBe(0)
  // Folded by host, so that the ladder is not far below its table.
  const command = tab.getByText('docker compose kill server')
  await command.waitFor({ ...SOON, state: 'attached' })
  expect(await command.isVisible()).toBe(false)
  await tab.getByText('the server (one command)').click()
  await command.waitFor(SOON)
  await tab.getByText('What to expect').click()
  await tab.getByText('its kernel says so').waitFor(SOON)

  for (const group of ['tcp-idle:41000', 'tcp-busy:41001', 'websocket:41002'])
    say(event(1000, 'client-1', 'tcp:end_received', {}, group))
  const down = { old: 'up', new: 'down', trigger: 'fin', certainty: 'definite' } as const
  say(event(1001, 'client-1', 'belief:updated', down, 'tcp-idle:41000'))
  await tab.getByText('Strike 1: kill of the server').waitFor(SOON)
  await row.getByText('down after 0.0 s (fin)').waitFor(SOON)

  const check = {
    id: 'client-1/tcp-idle/1-kill-detected',
    claim: 'it is told',
    formula: '0 .. slack',
    expected: { min: 0, max: 300, unit: 'ms' },
    observed: { value: 1, unit: 'ms' },
    verdict: 'pass',
    because: 'FIN',
    source: '',
    evidence: [],
  } as const
  const report = reportOf(plan, new LabLog([]), [{ ...check, evidence: [] }], new Date())
  page.live.judged(report)
  await row.getByText('pass', { exact: true }).waitFor(SOON)

  // When it began is known to four seconds only: then it agrees, and passes nothing.
  const detail = { fault: 'freeze', pair: 'client-1', struck: 'client-1-b', promise: 'it is silent' } as const
  say(event(20_000, 'lab', 'fault:striking', { ...detail, uncertainMs: 4000 }))
  await tab.getByText('Strike 2: freeze of the server').waitFor(SOON)
  page.live.judged({
    ...report,
    checks: [{ ...check, id: 'client-1/tcp-idle/2-freeze-detected', evidence: [] }],
  })
  await row.getByText('agrees', { exact: true }).waitFor(SOON)
  expect(await row.getByText('pass', { exact: true }).count()).toBe(0)
  const order = await tab.evaluate(() => {
    const top = (selector: string) => document.querySelector(selector)?.getBoundingClientRect().top ?? 0
    return [top('[data-part=acts]'), top('table.now:not(.lanes)'), top('#view')]
  })
  expect(order).toEqual([...order].sort((one, other) => one - other))
  expect(await complaintsOfAxe(tab)).toEqual([])
  expect(complaints.filter((one) => !one.startsWith(`request: http://127.0.0.1:${port}`))).toEqual([])

  const headers = {
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    'x-stillhere-token': TOKEN,
  }
  const stop = await send({ port, method: 'POST', path: '/api/stop', headers, body: '{}' })
  expect(stop).toMatchObject({ status: 409, body: 'containers are stopped where they were started\n' })
  expect(await send({ port, path: '/api/acts', headers: { host: `127.0.0.1:${port}` } })).toMatchObject({
    status: 401,
  })
})
