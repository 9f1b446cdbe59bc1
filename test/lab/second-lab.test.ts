/** A lab that is nothing like keepalive goes all the way: options, rig, judgement, text, report, page. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { hostName } from '../../src/events/host-names.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { UsageError } from '../../src/foreign/usage.ts'
import { LabLog } from '../../src/lab/log.ts'
import { questionsToAsk } from '../../src/lab/predict.ts'
import { quoted, withQuotes } from '../../src/lab/quote.ts'
import { plainStyle } from '../../src/lab/tale.ts'
import { tellCell, tellRun } from '../../src/lab/tell.ts'
import { listRuns, openRun } from '../../src/page/earlier-runs.ts'
import { labHelp, parseLabOptions } from '../../src/plan/options.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { recordedCellsOf } from '../../src/view/report/recorded.ts'
import { reportHtml, writeReportHtml } from '../../src/view/report/report-html.ts'
import { writeTimelineSvg } from '../../src/view/report/timeline.ts'
import { Cells, storyCell } from '../../src/view/viewer/cells.ts'
import { labs, pageUnderTest } from '../page/support.ts'
import { hasChromium, openPage as openInChromium } from '../support/chromium.ts'
import { temporaryFolder } from '../support/cli.ts'
import { type FerryRun, ferryLab, runFerry } from '../support/made-up-lab.ts'
import { madeUpRun } from '../support/made-up-run.ts'
import { testNeeding } from '../support/needs.ts'

const ferry = ferryLab()
const TIMEOUT_MS = 60_000
const withChromium = testNeeding('Chromium', hasChromium)

describe('its options', () => {
  test('know its cases and mechanisms, and only cells that it has', () => {
    const all = parseLabOptions(ferry, [])
    expect(all).toMatchObject({
      strike: null,
      cases: ['call', 'gone', 'far', 'half'],
      cells: ['call/udp', 'call/tcp-stream', 'gone/tcp-stream', 'far/tcp-stream', 'half/tcp-stream'],
    })
    expect(parseLabOptions(ferry, ['--only', 'gone'])).toMatchObject({
      mechanisms: ['tcp-stream'],
      cells: ['gone/tcp-stream'],
    })
    expect(parseLabOptions(ferry, ['--only', 'udp'])).toMatchObject({ cases: ['call'] })
  })

  test('its help has neither --play nor --strike, and names what it looks at', () => {
    const help = labHelp(ferry)
    expect(help).not.toMatch(/--play|--strike/)
    expect(help).toContain('cases:      call gone far half\nmechanisms: udp tcp-stream')
  })

  test.each([
    [['--play'], '--play: lab:ferry cannot be played by hand; try --help'],
    [['--strike', 'client'], '--strike: in lab:ferry nobody chooses which host is struck; try --help'],
    [['--only', 'gone,udp'], '--only gone,udp: lab:ferry has no such cell'],
    [['--cell', 'gone/udp'], '--cell: lab:ferry does not look at gone/udp'],
    [['--cell', 'cut/udp'], '--cell: no case "cut"; there are call gone far half'],
    [['--cell', 'call'], '--cell call: expected case/mechanism, such as call/udp'],
  ])('%j is refused in one line', (args, message) => {
    expect(() => parseLabOptions(ferry, args)).toThrow(new UsageError(message))
  })
})

describe('its run, interrupted, on hosts that run no mechanism', () => {
  let run: FerryRun

  beforeAll(async () => {
    run = await runFerry()
  }, TIMEOUT_MS)
  afterAll(() => rmSync(run.out, { recursive: true, force: true }))

  const cellsOf = ({ plan, log, report }: FerryRun) => {
    const cells = new Cells(plan, null)
    for (const event of log.events) cells.note(event)
    cells.setChecks(report.checks)
    return cells
  }
  const toldOf = ({ plan, log, report }: FerryRun) => ({ plan, log, checks: report.checks })

  test('is judged where it was seen to its end; every other cell says why not', () => {
    const verdicts = run.report.checks.map(({ id, verdict, because }) => [id, verdict, because])
    expect(verdicts).toEqual([
      ['call/tcp-stream/over', 'pass', 'it was asked'],
      ['call/udp/calls', 'pass', 'nothing was lost'],
      ['gone/tcp-stream/over', 'pass', 'it was asked'],
      [
        'far/tcp-stream/observed',
        'skipped',
        'plain processes on loopback have no cable; on Linux, `npm run doctor` says what is missing',
      ],
      ['half/tcp-stream/observed', 'skipped', 'the run ended before: interrupted'],
    ])
    expect(run.report).toMatchObject({ strike: null, verdict: 'pass' })
  })

  test('its strikes are found by the pair, whatever fault it was', () => {
    expect(run.log.strikeOn('gone')).toMatchObject({ fault: 'kill', struck: 'gone-b', other: 'gone-a' })
    expect(run.log.strikeOn('call')).toBeUndefined()
    expect(run.log.watchOf('half')).toMatchObject({ complete: false })
  })

  test('is told case by case, with what to try next', () => {
    const text = tellRun(ferry, toldOf(run), plainStyle)
    expect(text).toContain(
      [
        'call: one end calls, the other answers',
        '  udp',
        '    pass     one call is enough',
        '             observed 1 call, as expected (one)',
        '  tcp-stream',
        '    pass     the near end says up in the end',
        '             observed up, as expected (its last belief)',
        '',
        'gone: the far end is killed while nobody speaks',
      ].join('\n'),
    )
    expect(text).toContain(
      '    skipped  what happens in far/tcp-stream\n             not observed: plain processes',
    )
    expect(text).toContain(
      'What each row teaches:\n  udp              a call is a message.\n\n3 checks passed',
    )
    // The one that tells most was skipped, so there is nothing to see in it.
    expect(text).toContain('--cell call/tcp-stream')
    expect(text).not.toMatch(/--play|--strike/)
  })

  test('one cell is told in full, or in brief for a page', () => {
    const cell = { case: 'call', mechanism: 'tcp-stream' }
    const full = tellCell(ferry, cell, toldOf(run), plainStyle)
    expect(full).toContain('What happened, seconds after the case began')
    expect(full).toMatch(/call-a\.1\/tcp-client#\d+ +belief:updated old=unknown new=up/)
    const page = withQuotes('a\n<!-- recorded: call/tcp-stream -->\n?\n<!-- end -->\nb\n', (block) =>
      quoted(ferry, toldOf(run), block),
    )
    expect(page).toMatch(/^a\n<!-- recorded: call\/tcp-stream -->\n```text\ncall\/tcp-stream {2}run ferry-1/)
    expect(page).toContain('    observed  up\n```\n<!-- end -->\nb\n')
    expect(page).not.toContain('evidence')
    expect(quoted(ferry, toldOf(run), 'gone')).not.toContain('call:')
    expect(() => quoted(ferry, toldOf(run), 'gone/udp')).toThrow('nothing to quote as "gone/udp"')
  })

  test('asks only what it looks into, and answers from what it saw', () => {
    const { plan, log, report } = run
    const questions = questionsToAsk(ferry.questions(plan), plan, null)
    expect(questions.map(({ id }) => id)).toEqual(['over'])
    expect(questions[0]?.answer(log, report.checks, plan)).toMatchObject({ choice: 'yes' })
    expect(questionsToAsk(ferry.questions(plan), { ...plan, cells: ['call/udp'] }, null)).toEqual([])
  })

  test('its matrix has the cells that exist, and each says what its checks say', () => {
    const cells = cellsOf(run)
    expect(cells.all().map(({ id, text, origin }) => [id, text, origin])).toEqual([
      ['call/udp', '1/1', 'observed'],
      ['call/tcp-stream', '1/1', 'observed'],
      ['gone/tcp-stream', 'GONE', 'observed'],
      ['far/tcp-stream', 'skipped', 'skipped'],
      ['half/tcp-stream', 'skipped', 'skipped'],
    ])
    // The first choice was not observed.
    expect(storyCell(cells, run.plan)?.id).toBe('call/tcp-stream')
  })

  test('while it goes on a cell without a strike says nothing yet', () => {
    const cells = new Cells(run.plan, null)
    for (const event of run.log.events) cells.note(event)
    expect(cells.cell('call', 'tcp-stream')).toMatchObject({ text: '...', verdict: null })
  })

  test('opens as an earlier run, and its cells can be recorded', async () => {
    expect(await listRuns(run.out)).toMatchObject([{ id: 'ferry-1', lab: 'ferry', problem: null }])
    const lines: string[] = []
    for await (const line of openRun(run.out, 'ferry-1')) lines.push(line)
    expect(lines.at(-1)).toBe('{"problems":[]}')
    expect(recordedCellsOf(run.plan, run.log, run.report).cells['gone/tcp-stream']?.text).toBe('GONE')
  })

  withChromium(
    'its report opens, walks past cells that do not exist, and draws its own mechanism',
    async () => {
      const file = await writeReportHtml(run.out, { ...run, lab: ferry })
      const { page, complaints } = await openInChromium(pathToFileURL(file).href)
      await page.waitForSelector('html[data-opened]')
      expect(await page.locator('[data-cell]').count()).toBe(5)
      expect(await page.locator('#matrix-title').textContent()).toBe('What was seen in each case?')
      expect(await page.locator('header .facts').textContent()).not.toContain('struck')
      expect(await page.locator('#cell-title').textContent()).toBe('call / tcp-stream')
      expect(await page.locator('.ladder [data-part^="belief call-a up"]').count()).toBe(1)
      // From the only cell of the first row there is nowhere to go to the right.
      await page.locator('[data-cell="call/udp"]').focus()
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('ArrowDown')
      expect(await page.locator(':focus').getAttribute('data-cell')).toBe('call/tcp-stream')
      await page.locator('[data-cell="call/udp"]').click()
      await page.locator('[data-choice=case]').selectOption('gone')
      expect(await page.locator('#cell-title').textContent()).toBe('gone / tcp-stream')
      expect(complaints).toEqual([])
    },
    TIMEOUT_MS,
  )

  test('timeline.svg is its cell', () => {
    const file = writeTimelineSvg(run.out, run)
    expect(readFileSync(file ?? '', 'utf8')).toContain('call / tcp-stream')
  })
})

describe('on the live page', () => {
  const CHOICE = {
    lab: 'ferry',
    play: false,
    predict: false,
    hosts: 'process',
    strike: 'server',
    cases: ['call', 'far'],
    mechanisms: ['udp', 'tcp-stream'],
  }

  test('a choice is held against the lab that it names', async () => {
    const { order, runs } = await pageUnderTest(temporaryFolder(), { ...labs, ferry })
    for (const wrong of [{ cases: ['cut'] }, { mechanisms: ['tcp-idle'] }, { cases: [] }]) {
      expect((await order('/api/start', { ...CHOICE, ...wrong })).status).toBe(400)
    }
    expect((await order('/api/start', { ...CHOICE, play: true })).body).toContain('cannot be played by hand')
    expect((await order('/api/start', CHOICE)).status).toBe(200)
    expect(runs.plans).toMatchObject([{ lab: 'ferry', strike: null, cases: ['call', 'far'] }])
  })

  withChromium(
    'the chooser offers what the chosen lab has',
    async () => {
      const { page } = await pageUnderTest(temporaryFolder(), { ...labs, ferry })
      const { page: tab, complaints } = await openInChromium(page.url)
      const names = (name: string) =>
        tab
          .locator(`input[name=${name}]`)
          .evaluateAll((boxes) => boxes.map((box) => box.getAttribute('value')))
      await tab.locator('[name=lab]').waitFor()
      expect(await names('cases')).toEqual(keepalive.cases.map(({ id }) => id))
      await tab.locator('[name=lab]').selectOption('ferry')
      expect(await names('cases')).toEqual(['call', 'gone', 'far', 'half'])
      expect(await names('mechanisms')).toEqual(['udp', 'tcp-stream'])
      expect(await names('mode')).toEqual([])
      expect(await names('strike')).toEqual([])
      await tab.locator('input[value=call]').uncheck()
      await tab.locator('input[value=tcp-stream]').uncheck()
      expect(await tab.locator('.command').innerText()).toBe('These cases do not have these mechanisms.')
      await tab.locator('input[value=call]').check()
      expect(await tab.locator('.command').innerText()).toBe('npm run lab:ferry -- --only udp')
      await tab.locator('[name=lab]').selectOption('keepalive')
      expect(await names('mode')).toEqual(['experiment', 'play'])
      expect(complaints.filter((one) => !one.startsWith('request: http://127.0.0.1'))).toEqual([])
    },
    TIMEOUT_MS,
  )
})

describe('a run in play on containers', () => {
  const client = (number: number) => `client-${number}`
  const plan = {
    ...madeUpRun().plan,
    tier: 'compose',
    play: true,
    mechanisms: ['tcp-idle'],
  } satisfies Plan
  const events = [1, 2].flatMap((number) => {
    const host = hostName(client(number), 'a')
    const about = {
      host,
      incarnation: 1,
      seq: 0,
      pid: 1,
      program: 'lab',
      run: 'r',
      lab: 'keepalive',
      mono: '1',
    }
    const started = { ...about, name: 'host:started', data: { address: '10.0.0.1', pair: client(number) } }
    const data = {
      old: 'unknown',
      new: number === 1 ? 'up' : 'down',
      trigger: 'heard',
      certainty: 'definite',
    }
    const believes = { ...about, name: 'belief:updated', group_id: 'tcp-idle:1', data, time: number + 1 }
    return [{ ...started, time: number }, believes] as unknown as LabEvent[]
  })

  test('has a column for each pair that was seen', () => {
    const cells = new Cells(plan, null)
    expect(cells.columns).toEqual(['play'])
    for (const event of events) cells.note(event)
    expect(cells.all().map(({ id, text }) => [id, text])).toEqual([
      ['client-1/tcp-idle', 'up'],
      ['client-2/tcp-idle', 'down'],
    ])
  })

  test('says which kind of hosts it had, and opens as an earlier run', async () => {
    const out = temporaryFolder()
    const folder = join(out, 'r')
    mkdirSync(folder)
    const { report } = madeUpRun()
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
    writeFileSync(join(folder, 'report.json'), JSON.stringify({ ...report, tier: 'compose' }))
    expect(await listRuns(out)).toMatchObject([{ id: 'r', tier: 'compose', play: true, problem: null }])
    const html = await reportHtml({ plan, report, log: new LabLog(events), lab: keepalive })
    expect(html.includes('compose hosts')).toBe(true)
    expect(html.match(/<td class="[a-z]+ observed/g)).toHaveLength(2)
  })
})
