/** The live page in a real browser: a lab is started, struck, left and found again. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page as Tab } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { circuit } from '../../labs/circuit/lab.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { openPage } from '../../src/page/server.ts'
import { hasChromium, openPage as openInChromium } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { testNeeding } from '../support/needs.ts'
import { askingLab, labs, OBSERVED, pageUnderTest, someEvents } from './support.ts'

const test = testNeeding('Chromium', hasChromium)
const TIMEOUT_MS = 60_000
const SOON = { timeout: 15_000 }

async function open(url: string) {
  const { page: tab, complaints } = await openInChromium(url)
  const own = /^request: http:\/\/127\.0\.0\.1:/
  return {
    tab,
    /** What went wrong, and what was asked of anybody else. */
    complaints: () => complaints.filter((one) => !own.test(one)),
  }
}

async function startInPlay(tab: Tab, mechanisms: string[]): Promise<void> {
  await tab.getByLabel('you, by buttons').check()
  await tab.locator('[data-all="mechanisms none"]').click()
  for (const one of mechanisms) await tab.getByLabel(one, { exact: true }).check()
  await tab.getByRole('button', { name: 'Start' }).click()
}

function belief(tab: Tab, mechanism: string) {
  return tab.locator(`[data-row="${mechanism}"] td`).first()
}

async function until(tab: Tab, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + SOON.timeout
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`not in time; the page:\n${await tab.innerText('body')}`)
    await tab.waitForTimeout(50)
  }
}

test(
  'a lab is started in play, its server killed by button; the belief changes; a reload goes on',
  async () => {
    const page = await openPage({ labs, out: temporaryFolder(), port: 0 })
    onTestFinished(() => page.close())
    const { tab, complaints } = await open(page.url)
    expect(tab.url()).not.toContain('token')
    await startInPlay(tab, ['tcp-heartbeat', 'udp-heartbeat'])
    await tab.getByText('your turn').waitFor(SOON)
    await until(tab, async () => (await belief(tab, 'tcp-heartbeat').innerText()).trim() === 'up')
    // Heartbeats are arrows, and each has a sentence of its own.
    await tab.locator('[data-see="tcp-heartbeat"]').click()
    await until(tab, async () => (await tab.locator('[data-part^="arrow"]').count()) > 2)
    expect(await tab.locator('[data-part^="belief play-a up"]').count()).toBe(1)

    await tab.getByRole('button', { name: 'kill b' }).click()
    // The kernel of a killed program says RST instead of FIN when a heartbeat was waiting unread.
    const dead = /down (fin|econnreset)/
    await until(tab, async () => dead.test(await belief(tab, 'tcp-heartbeat').innerText()))
    await until(tab, async () => (await tab.locator('[data-part^="belief play-a down"]').count()) === 1)
    // The lab looks every 100 ms: the other end's kernel may have told its program before.
    const truth = tab.locator('[data-truth="b"]')
    await until(tab, async () => (await truth.innerText()).includes('gone its process ended (SIGKILL)'))
    const kill = tab.getByRole('button', { name: 'kill b' })
    await until(tab, async () => (await kill.getAttribute('aria-disabled')) === 'true')
    expect(await kill.getAttribute('title')).toContain('start it first')

    const before = await count(tab)
    await tab.reload()
    await until(tab, async () => (await count(tab)) > before)
    expect(await belief(tab, 'tcp-heartbeat').innerText()).toMatch(dead)

    await tab.getByRole('button', { name: 'start b' }).click()
    await until(tab, async () => (await tab.locator('[data-truth="b"]').innerText()).includes('answering'))
    await tab.getByRole('button', { name: 'Stop the run' }).click()
    await until(tab, async () => (await tab.locator('#phase').innerText()).startsWith('ended'))
    expect(await tab.getByRole('button', { name: 'freeze a' }).getAttribute('title')).toContain('run is over')
    // What was believed last stays to be read, though the lab has ended everybody.
    expect(await belief(tab, 'udp-heartbeat').innerText()).not.toContain('nobody')
    expect(complaints()).toEqual([])
  },
  TIMEOUT_MS,
)

const { tier } = await findCapabilities()
const onNetns = testNeeding('Chromium and network namespaces', hasChromium && tier === 'netns')

onNetns(
  'in play the ladder goes to the strike and follows it; a cut cable is drawn cut; what cannot be done is grey',
  async () => {
    const page = await openPage({ labs, out: temporaryFolder(), port: 0 })
    onTestFinished(() => page.close())
    const { tab, complaints } = await open(page.url)
    await startInPlay(tab, ['udp', 'tcp-idle', 'tcp-keepalive'])
    await tab.getByText('your turn').waitFor(SOON)
    // The row that teaches most is there first.
    expect(await tab.locator('#cell-title').innerText()).toBe('play / tcp-keepalive')
    const isGrey = async (name: string) =>
      (await tab.getByRole('button', { name, exact: true }).getAttribute('aria-disabled')) === 'true'
    await until(tab, async () => !(await isGrey('cut b')))
    for (const name of ['mend b', 'continue b', 'start b', 'mend a'])
      expect(await isGrey(name), name).toBe(true)
    expect(await tab.locator('.wire.cut').count()).toBe(0)

    await tab.getByRole('button', { name: 'cut b' }).click()
    await until(tab, async () => (await tab.locator('.wire.cut').count()) === 1)
    expect(await tab.locator('.wire.cut').getAttribute('data-cable')).toBe('b')
    expect(await tab.locator('.wire.cut').innerText()).toContain('cut')
    expect(await isGrey('cut b')).toBe(true)
    expect(await isGrey('mend b')).toBe(false)
    await until(tab, () => isInFrame(tab, '[data-part^="fault"]'))
    // Some four seconds later: the picture has gone on with the time.
    await until(tab, () => isInFrame(tab, '[data-part^="belief play-a down"]'))

    await tab.getByRole('button', { name: 'mend b' }).click()
    await until(tab, async () => (await tab.locator('.wire.cut').count()) === 0)
    // The client gave up, and rightly takes it for over; the server is the one that is wrong.
    const ends = tab.locator('[data-row="tcp-keepalive"] td')
    await until(tab, async () => (await ends.nth(2).innerText()).includes('but over at the other end'))
    expect(await ends.nth(0).getAttribute('class')).not.toBe('contradicts')
    expect(complaints()).toEqual([])
  },
  TIMEOUT_MS,
)

/** Whether a shape of the ladder is where the reader sees it without scrolling the ladder. */
function isInFrame(tab: Tab, shape: string): Promise<boolean> {
  return tab.evaluate((selector) => {
    const frame = document.querySelector('.ladder-frame')?.getBoundingClientRect()
    const part = [...document.querySelectorAll(selector)].at(-1)?.getBoundingClientRect()
    return frame !== undefined && part !== undefined && part.top < frame.bottom && part.bottom > frame.top
  }, shape)
}

function count(tab: Tab): Promise<number> {
  return tab
    .locator('#count')
    .innerText()
    .then((text) => Number.parseInt(text.replaceAll(',', ''), 10) || 0)
}

test(
  'two browsers see the same; a pause holds the picture, not the run',
  async () => {
    const { page, runs } = await pageUnderTest()
    const [one, two] = [await open(page.url), await open(page.url)]
    await startInPlay(one.tab, ['tcp-busy'])
    await two.tab.getByText('the same by hand: npm run lab:keepalive -- --play --only tcp-busy').waitFor(SOON)
    await one.tab.getByRole('button', { name: 'Pause the picture' }).click()
    runs.emit(someEvents(0, 40))
    for (const { tab } of [one, two]) await until(tab, async () => (await count(tab)) === 40)
    await one.tab.getByRole('button', { name: 'Let it go on' }).click()
    await two.tab.getByRole('button', { name: 'Stop the run' }).click()
    await until(one.tab, async () => (await one.tab.locator('#phase').innerText()).startsWith('ended'))
    expect([...one.complaints(), ...two.complaints()]).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'it asks before it shows, by keyboard, and a reload comes back to the open question',
  async () => {
    const { page, runs } = await pageUnderTest(temporaryFolder(), { keepalive: askingLab })
    runs.checks = [OBSERVED]
    const { tab, complaints } = await open(page.url)
    await tab.getByRole('button', { name: 'Start' }).click()
    await tab.getByRole('group', { name: 'who notices?' }).waitFor(SOON)
    runs.emit(someEvents(0, 40))
    expect(await tab.locator('#view').innerText()).toBe('')
    // The question has the focus: Tab leads to its choices, an arrow to the next one, Enter gives it.
    for (const key of ['Tab', 'Space', 'ArrowDown', 'Enter']) await tab.keyboard.press(key)
    await tab.getByText('question 2 of 2').waitFor(SOON)
    await tab.reload()
    await tab.getByRole('group', { name: 'when notices?' }).waitFor(SOON)
    expect(await count(tab)).toBe(0)
    expect(await tab.getByText('first your prediction, 2 of 2').count()).toBe(1)

    await tab.getByRole('button', { name: 'Skip', exact: true }).click()
    await until(tab, async () => (await count(tab)) === 40)
    await tab.getByText('Your predictions are locked').waitFor(SOON)
    runs.end()
    await tab.getByText('You predicted the one correctly. 1 skipped').waitFor(SOON)
    const first = await tab.locator('.told li').first().innerText()
    for (const part of [
      'nobody at all',
      'not one of them',
      'cut/udp/detected: nothing',
      'As you predicted.',
    ]) {
      expect(first).toContain(part)
    }
    expect(first).toContain('\u2713')
    expect(await tab.locator('#view').innerText()).not.toBe('')
    expect(complaints()).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'a page that is left open says that the server has ended, tries again, and knows a new one by its token',
  async () => {
    const first = await pageUnderTest()
    const { tab } = await open(first.page.url)
    await until(tab, async () => (await tab.locator('#link').innerText()) === 'connected')
    await first.page.close()
    await tab.getByText(/the server has ended; trying again .*attempt [2-9]/).waitFor(SOON)
    expect(await tab.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true)

    const again = await openPage({ labs, out: temporaryFolder(), port: first.port, start: first.runs.start })
    onTestFinished(() => again.close())
    await tab.getByText('open the newest link').waitFor(SOON)
    await tab.goto(again.url)
    await until(tab, async () => (await tab.locator('#link').innerText()) === 'connected')
    await until(tab, async () => tab.getByRole('button', { name: 'Start' }).isEnabled())
  },
  TIMEOUT_MS,
)

test(
  'a connection that breaks goes on where it was',
  async () => {
    const { page, runs } = await pageUnderTest()
    const { tab } = await open('about:blank')
    const sent: string[] = []
    let cut = () => {}
    await tab.routeWebSocket(/api\/live/, (socket) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => {
        sent.push(String(message))
        server.send(message)
      })
      cut = () => void Promise.all([socket.close(), server.close()])
    })
    await tab.goto(page.url)
    await startInPlay(tab, ['tcp-busy'])
    await tab.getByText('the same by hand').waitFor(SOON)
    runs.emit(someEvents(0, 10))
    await until(tab, async () => (await count(tab)) === 10)
    cut()
    runs.emit(someEvents(10, 30))
    await until(tab, async () => (await count(tab)) === 30)
    expect(sent).toEqual(['{"run":null,"since":0}', '{"run":"run-1","since":10}'])
  },
  TIMEOUT_MS,
)

test(
  'runs full of markup are text, damaged ones are named, and nothing of them runs',
  async () => {
    const out = temporaryFolder()
    const markup = '<img src=x onerror=alert(1)><script>alert(2)</script>'
    const hostile = madeUpRun({ cases: ['cut'], mechanisms: ['tcp-heartbeat'], payload: markup })
    const plan = { ...hostile.plan, because: markup, lab: markup }
    const lines = hostile.log.events.map((event) => JSON.stringify(event))
    keep(out, '2026-hostile', plan, hostile.report, [...lines, `{"name": "${markup}`])
    keep(out, '2026-newer', plan, { ...hostile.report, schema: `stillhere/report@2${markup}` }, lines)
    const { page } = await pageUnderTest(out)
    const { tab, complaints } = await open(page.url)
    await tab.locator('[data-run="2026-newer"]').waitFor(SOON)
    expect(await tab.locator('#earlier').innerText()).toContain('from another version')
    await tab.getByText('What the words mean').click()
    expect(await tab.locator('#words').innerText()).toMatch(/SIGSTOP\s+the signal that freezes a process/)
    await tab.locator('[data-run="2026-hostile"]').click()
    await tab.getByText('is damaged or cut short: it is not JSON').waitFor(SOON)
    await tab.locator('.ladder-body').waitFor(SOON)
    expect(await tab.locator('#head').innerText()).toContain(markup)
    expect(await tab.locator('img, #run script').count()).toBe(0)
    expect(complaints()).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'the header says what goes on, and not what was announced before',
  async () => {
    const { page, runs } = await pageUnderTest()
    const { tab } = await open(page.url)
    await tab.getByLabel('ask me first').uncheck()
    await tab.getByRole('button', { name: 'Start' }).click()
    await tab.getByText('the same by hand').waitFor(SOON)
    const phase = async () => await tab.locator('#phase').innerText()
    const [said, begun, over] = someEvents(0, 3)
    const watched = { fault: 'cut', pair: 'cut', struck: 'cut-b' }
    runs.emit([{ ...said, name: 'run:progressed', data: { message: 'in a moment it strikes' } } as LabEvent])
    await until(tab, async () => (await phase()) === 'in a moment it strikes')
    runs.emit([{ ...begun, name: 'watch:started', data: watched } as LabEvent])
    await until(tab, async () => (await phase()) === '1 of 9 cases have begun, and are watched')
    runs.emit([{ ...over, name: 'watch:ended', data: watched } as LabEvent])
    await until(tab, async () => (await phase()) === '1 of 9 cases are over')
  },
  TIMEOUT_MS,
)

test(
  'an earlier run stands under its own verdict, not under that of the last one',
  async () => {
    const out = temporaryFolder()
    const earlier = madeUpRun({ cases: ['cut'], mechanisms: ['tcp-idle'] })
    const lines = earlier.log.events.map((event) => JSON.stringify(event))
    keep(out, 'made-up', earlier.plan, { ...earlier.report, verdict: 'fail' }, lines)
    const { page, runs } = await pageUnderTest(out)
    const { tab } = await open(page.url)
    await startInPlay(tab, ['tcp-busy'])
    await tab.getByText('the same by hand').waitFor(SOON)
    runs.emit(someEvents(0, 3))
    runs.end()
    await until(tab, async () => (await tab.locator('#phase').innerText()).startsWith('ended'))
    await tab.locator('#earlier summary').click()
    await tab.locator('[data-run="made-up"]').click()
    await tab.getByText('an earlier run: ended: a check failed').waitFor(SOON)
    expect(await count(tab)).toBe(lines.length)
    await tab.getByRole('button', { name: 'Show the last run' }).click()
    await until(tab, async () => (await tab.locator('#phase').innerText()) === 'ended')
    expect(await count(tab)).toBe(3)
  },
  TIMEOUT_MS,
)

function keep(out: string, id: string, plan: object, report: object, lines: string[]): void {
  mkdirSync(join(out, id))
  writeFileSync(join(out, id, 'plan.json'), JSON.stringify(plan))
  writeFileSync(join(out, id, 'report.json'), JSON.stringify(report))
  writeFileSync(join(out, id, 'events.ndjson'), lines.join('\n'))
}

test(
  'while a telephone exchange works, its cord board is on the page',
  async () => {
    const page = await openPage({ labs: { circuit }, out: temporaryFolder(), port: 0 })
    onTestFinished(() => page.close())
    const { tab, complaints } = await open(page.url)
    await tab.locator('[data-all="cases none"]').click()
    await tab.getByLabel('busy', { exact: true }).check()
    await tab.getByLabel('ask me first').uncheck()
    await tab.getByRole('button', { name: 'Start' }).click()
    const cords = tab.locator('#cords')
    await cords.getByText('cord 2   a 2 o================o b 2').waitFor(SOON)
    await cords.getByText('the last caller without a cord was line 3').waitFor(SOON)
    expect(complaints()).toEqual([])
  },
  TIMEOUT_MS,
)
