/** The same hostile text through every way out. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { printingEmitter } from '../../src/events/emit.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { tellReading } from '../../src/forecast/tell.ts'
import { printable, printableJson, printableJsonPieces } from '../../src/foreign/printable.ts'
import { withQuotes } from '../../src/lab/quote.ts'
import { plainStyle } from '../../src/lab/tale.ts'
import { printableTold, tellCell, tellRun } from '../../src/lab/tell.ts'
import { openPage } from '../../src/page/server.ts'
import { problemPage } from '../../src/programs/bank/pages.ts'
import { diesAtOnce } from '../../src/try/problems.ts'
import { toCsv } from '../../src/view/export/csv.ts'
import { toJUnit } from '../../src/view/export/junit.ts'
import { toMermaid } from '../../src/view/export/mermaid.ts'
import { toQlog } from '../../src/view/export/qlog.ts'
import { layout } from '../../src/view/layout.ts'
import { interfaceDescription, linkType, sectionHeader } from '../../src/view/pcapng/blocks.ts'
import { eventPacket } from '../../src/view/pcapng/event-packet.ts'
import { reportHtml, writeReportHtml } from '../../src/view/report/report-html.ts'
import { toSvg } from '../../src/view/svg.ts'
import { Board } from '../../src/view/terminal/board.ts'
import { textLadder } from '../../src/view/terminal/ladder.ts'
import { PlayView } from '../../src/view/terminal/play.ts'
import { Progress } from '../../src/view/terminal/progress.ts'
import { tableLines } from '../../src/view/terminal/table.ts'
import { hasChromium, openPage as openInChromium } from '../support/chromium.ts'
import { run, temporaryFolder } from '../support/cli.ts'
import { HOSTILE, HOSTILE_CHARACTERS, hostileRun, letThrough, writeRun } from '../support/hostile.ts'
import { testNeeding } from '../support/needs.ts'

const TIMEOUT_MS = 90_000
const testInBrowser = testNeeding('Chromium', hasChromium)
const made = hostileRun()
const { plan, report, log } = made
const events = [...log.events]
const told = { plan, log, checks: report.checks }
const VIEW = { pair: 'cut', connection: 'tcp-idle' }

/** An event of which every word is hostile. */
function hostileEvent(name: string, data: object, host = 'cut-a'): LabEvent {
  const [first] = events
  return {
    ...first,
    host,
    name,
    data,
    program: HOSTILE,
    group_id: `tcp-idle:${HOSTILE}`,
  } as unknown as LabEvent
}
const NEWS = [
  hostileEvent('run:progressed', { message: `${HOSTILE} your turn` }, 'lab'),
  hostileEvent('truth:updated', {
    peer: 'cut-b',
    old: 'answering',
    new: 'gone',
    because: HOSTILE,
    certainty: 'definite',
  }),
  hostileEvent('http-session:started', { session: HOSTILE }),
  hostileEvent('fault:unverified', { fault: 'cut', pair: 'cut', struck: 'cut-b', problem: HOSTILE }, 'lab'),
  hostileEvent('host:killed', { what: HOSTILE, signal: HOSTILE }),
  hostileEvent('recorder:line_refused', { file: HOSTILE, line: 1, problem: HOSTILE, excerpt: HOSTILE }),
]

function written(draw: (stream: NodeJS.WriteStream) => void): string {
  const texts: string[] = []
  draw({ write: (text: string) => texts.push(text) } as unknown as NodeJS.WriteStream)
  return texts.join('')
}

function playedLines(): string {
  const lines: string[] = []
  const view = new PlayView((text) => lines.push(text), plainStyle)
  view.begin({ ...plan, tier: 'compose' }, false)
  view.show(NEWS)
  return lines.join('')
}

function playedTable(): string {
  const board = new Board(plan.mechanisms)
  for (const event of NEWS) board.add(event)
  const scenery = { tier: 'netns', asRoot: true, platform: 'linux', now: 0, help: null, enter: null } as const
  return tableLines(board, scenery, 200, plainStyle).join('\n')
}

function byHand(): string {
  const texts: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => texts.push(String(text)) > 0)
  printingEmitter('tcp-client')('websocket:message_received', { text: HOSTILE })
  spy.mockRestore()
  return texts.join('')
}

const packetComments = () =>
  Buffer.concat([
    sectionHeader(HOSTILE),
    interfaceDescription({ linkType: linkType.ethernet, name: HOSTILE, description: HOSTILE, bytesKept: 0 }),
  ])

/** Each way out, as text. Binary ones are looked at below. */
const ways: Record<string, () => string> = {
  'a run told on a terminal': () => tellRun(keepalive, printableTold(told), plainStyle),
  'a cell told on a terminal': () =>
    tellCell(keepalive, { case: 'cut', mechanism: 'tcp-idle' }, printableTold(told), plainStyle),
  'progress on a terminal': () => written((stream) => showProgress(stream)),
  'play, line by line': playedLines,
  'play, as a table': playedTable,
  'a forecast': () => tellReading({ processes: [], leftOut: [HOSTILE], jiffyMs: 4 } as never, plainStyle),
  "a tried program's last words": () => diesAtOnce('client', null, [HOSTILE], null),
  'a program started by hand': byHand,
  'a text ladder': () => textLadder(layout(events, VIEW)),
  SVG: () => toSvg(layout(events, VIEW)),
  CSV: () => toCsv(events).replaceAll('\r\n', '\n'),
  JUnit: () => toJUnit([{ name: 'stillhere', report }]),
  Mermaid: () => toMermaid(events, 'cut', 'tcp-idle'),
  qlog: () => toQlog(events),
  'JSON on a terminal': () => printableJson(report, 2),
  Markdown: () => withQuotes('<!-- recorded: run -->\n<!-- end -->\n', () => printable(HOSTILE)),
  "the bank's page": () => problemPage({ title: HOSTILE, detail: HOSTILE, server: HOSTILE }),
}

function showProgress(stream: NodeJS.WriteStream): void {
  const progress = new Progress(stream, { json: false, play: false, plain: true })
  progress.begin(plan)
  progress.show(NEWS)
  progress.end()
}

test.each(Object.entries(ways))('%s shows it, and obeys nothing of it', (_, way) => {
  const text = way()
  expect(text).toMatch(/cmd\(|PING|believes|data/)
  expect(letThrough(text)).toEqual([])
})

test('report.html without its script', async () => {
  const html = await reportHtml({ ...made, lab: keepalive })
  expect(letThrough(html.slice(html.indexOf('<body>')))).toEqual([])
  expect(html).not.toContain('<script>alert')
  expect(html).toContain('&#60;script&#62;alert')
})

test('in XML and HTML it is text, in a spreadsheet no formula, in a page no end of its code', () => {
  for (const way of ['SVG', 'JUnit', "the bank's page"]) {
    expect(ways[way]?.()).not.toMatch(/<script>alert|\]\]>/)
  }
  expect(ways.CSV?.()).not.toMatch(/(^|,)"?=/m)
  expect(ways.CSV?.()).toMatch(/(^|,)"?'=cmd/m)
  expect(ways.Mermaid?.()).not.toMatch(/[`<]|%%/)
  const page = ways.Markdown?.() ?? ''
  expect(page.match(/<!-- end -->/g)).toHaveLength(1)
  expect(page).toMatch(/^````text\n[^\n]*\n````$/m)
})

test('what other tools read out of JSON is what was sent', () => {
  expect(JSON.parse(printableJson([HOSTILE, '\u{e0001}']))).toEqual([HOSTILE, '\u{e0001}'])
})

test('comments in pcapng, and events among the packets', () => {
  for (const bytes of [packetComments(), ...NEWS.map((event) => eventPacket(event, '10.0.0.1', HOSTILE))]) {
    const text = bytes.toString('utf8')
    const through = HOSTILE_CHARACTERS.filter((character) => text.includes(`x${character}x`))
    expect(through).toEqual([])
    expect(text).toContain('A0 \\x1bx\\x07x')
  }
})

test(
  'the commands that tell a recorded run',
  async () => {
    const out = temporaryFolder()
    const folder = writeRun(out, made)
    const asked = [[], ['--text'], ['--csv'], ['--mermaid']].map((format) => ['report', ...format, folder])
    const cell = ['lab', 'keepalive', '--cell', 'cut/tcp-idle', '--out', out]
    for (const { status, stdout, stderr } of await Promise.all([...asked, cell].map((one) => run(one)))) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(letThrough(stdout.replaceAll('\r\n', '\n'))).toEqual([])
    }
  },
  TIMEOUT_MS,
)

test(
  'errors about files of others are one line that steers nothing',
  async () => {
    const out = temporaryFolder()
    const file = (name: string, text: string) => {
      writeFileSync(join(out, name), text)
      return join(out, name)
    }
    const hostileName = HOSTILE.replaceAll('/', '').replaceAll('\u0000', '').replaceAll('\ud800', '')
    mkdirSync(join(out, hostileName))
    const folder = writeRun(out, made)
    file('run-1/plan.json', JSON.stringify({ ...plan, tier: HOSTILE }))
    const tries = [
      ['report', folder],
      ['report', join(out, hostileName)],
      ['report', `no ${hostileName}`],
      ['lab', 'keepalive', '--cell', 'cut/tcp-idle', '--out', out],
      ['lab', hostileName],
      ['try', '--file', file('a.json', HOSTILE)],
      ['try', '--file', file('b.json', JSON.stringify({ server: 'true', client: 'true', pace: HOSTILE }))],
      ['try', '--file', file('c.json', JSON.stringify({ [HOSTILE]: 1 }))],
      ['try', '--server', 'true', '--client', 'true', '--expect', hostileName],
    ]
    for (const { status, stdout, stderr } of await Promise.all(tries.map((one) => run(one)))) {
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr.trimEnd()).toMatch(/^stillhere: [^\n]+$/)
      expect(letThrough(stderr)).toEqual([])
    }
  },
  TIMEOUT_MS,
)

test(
  "a fault of stillhere itself has a status that is no verdict's, and its text steers nothing either",
  async () => {
    // Thrown as soon as somebody would hear of it, in the middle of whatever runs.
    const fault = `const look = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return
      clearInterval(look)
      throw new Error(${JSON.stringify(HOSTILE)})
    }, 1)`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(fault)}`
    const { status, stderr } = await run(['lab', 'keepalive', '--no-predict', '--out', temporaryFolder()], {
      NODE_OPTIONS,
    })
    expect(stderr).toContain('cmd(')
    expect(status).toBe(70)
    expect(letThrough(stderr)).toEqual([])
  },
  TIMEOUT_MS,
)

testInBrowser(
  'report.html in a browser',
  async () => {
    const file = await writeReportHtml(temporaryFolder(), { ...made, lab: keepalive })
    const { page, complaints } = await openInChromium(pathToFileURL(file).href)
    await page.waitForSelector('html[data-opened]')
    await page.locator('[data-cell="cut/tcp-idle"]').click()
    await page.locator('.equivalent summary').click()
    expect(await page.evaluate(shownAll)).toContain('cmd()')
    expect(letThrough(await page.evaluate(shownAll))).toEqual([])
    expect(complaints).toEqual([])
  },
  TIMEOUT_MS,
)

testInBrowser(
  'the live page: an earlier run, one that cannot be read, and the list of both',
  async () => {
    const out = temporaryFolder()
    writeRun(out, made)
    mkdirSync(join(out, 'run-0'))
    writeFileSync(join(out, 'run-0/plan.json'), JSON.stringify({ ...plan, tier: HOSTILE }))
    const server = await openPage({ labs: { keepalive }, out, port: 0 })
    onTestFinished(() => server.close())
    const { page } = await openInChromium(server.url)
    await page.locator('#earlier summary').click()
    for (const id of ['run-1', 'run-0']) {
      await page.locator(`[data-run="${id}"]`).click({ force: true })
      await page.waitForTimeout(500)
      expect(await page.evaluate(shownAll)).toContain('x')
      expect(letThrough(await page.evaluate(shownAll))).toEqual([])
      await page.evaluate(() => document.querySelector('#earlier')?.setAttribute('open', ''))
    }
  },
  TIMEOUT_MS,
)

/** Every text and every attribute of a page, those that are only read aloud too. In the browser. */
function shownAll(): string {
  const all = [...document.body.querySelectorAll('*')].filter(({ tagName }) => tagName !== 'SCRIPT')
  return all
    .flatMap((one) => [
      ...[...one.attributes].map(({ value }) => value),
      ...[...one.childNodes].filter(({ nodeType }) => nodeType === 3).map((node) => node.textContent ?? ''),
    ])
    .join('\n')
}

test('the list of characters is the one that was asked for', () => {
  for (const character of HOSTILE_CHARACTERS) expect(letThrough(`a${character}b`)).toHaveLength(1)
  expect(printable(HOSTILE_CHARACTERS.join(''))).toMatch(/^[ -~]+$/)
  expect(printable('\u{1f600} é \u8a9e')).toBe('\u{1f600} é \u8a9e')
})

test.each([0, 1, 2, 5])('piece by piece, down to %i, JSON is the same', (depth) => {
  const value = {
    ...{ texts: [HOSTILE, 'plain'], none: [], nothing: {}, left: undefined, number: 1.5, no: null },
    deep: [{ deeper: [{ text: 'line\nline' }, undefined] }],
  }
  expect([...printableJsonPieces(value, depth)].join('')).toBe(printableJson(value, 2))
  const made = (function* () {
    yield { one: 1 }
    yield { two: 2 }
  })()
  expect([...printableJsonPieces(made, 1)].join('')).toBe(printableJson([{ one: 1 }, { two: 2 }], 2))
})
