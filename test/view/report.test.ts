import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { commandGroups } from '../../src/view/report/commands.ts'
import { pack, unpack } from '../../src/view/report/pack.ts'
import { readRecordedCells, recordedCellsOf, recordedCellsText } from '../../src/view/report/recorded.ts'
import { reportHtml, writeReportHtml } from '../../src/view/report/report-html.ts'
import { writeTimelineSvg } from '../../src/view/report/timeline.ts'
import { temporaryFolder } from '../support/cli.ts'
import { madeUpRun } from '../support/made-up-run.ts'

const run = { ...madeUpRun(), lab: keepalive }
const { events } = run.log

describe('packed events', () => {
  test('come back as they were, digit by digit', () => {
    const { about, events: back } = unpack(pack({ some: 'thing' }, events))
    expect(about).toEqual({ some: 'thing' })
    expect(back).toEqual(events)
    expect(unpack(pack(null, [])).events).toEqual([])
  })

  test('that are cut short, or of another version, are refused by name', () => {
    const packed = pack(null, events)
    expect(() => unpack(packed.slice(0, packed.lastIndexOf('\n')))).toThrow(/there should be \d+ events/)
    expect(() => unpack(packed.replace('packed@1', 'packed@9'))).toThrow('stillhere/packed@9')
  })
})

describe('report.html', () => {
  test('is one file that says everything without its script', async () => {
    const folder = temporaryFolder()
    const file = await writeReportHtml(folder, run)
    const html = readFileSync(file, 'utf8')
    expect(file).toBe(join(folder, 'report.html'))
    const body = html.slice(html.indexOf('<body>'))
    expect(body).toContain('The story: the cable of cut-b is cut')
    expect(body.match(/<td class="[^"]*(observed|recorded|skipped)/g)).toHaveLength(81)
    expect(body).toContain('<svg xmlns')
    expect(body).toContain('id="checks-cut/tcp-keepalive"')
    expect(body).toContain(
      'ip netns exec cut-a sh -c &#39;echo &#39;\\&#39;&#39;2&#39;\\&#39;&#39; &#62;/proc',
    )
    expect(body).toContain('<dt>half-open</dt>')
    expect(html).not.toMatch(/\s(style|onclick|src|href="(?!#))=/)
  })

  test('has the predictions beside what was observed', async () => {
    const prediction = {
      question: 'Who notices a cut cable?',
      predicted: 'everybody',
      observed: 'who asks',
      verdict: 'wrong' as const,
      seen: 'udp and tcp-idle noticed nothing',
      checks: [{ id: 'cut/udp/detected', observed: 'nothing, for 12.0 s', verdict: 'pass' as const }],
      explanation: 'nobody is told of a cable',
    }
    const told = { summary: 'You predicted 0 of 1 correctly.', predictions: [prediction] }
    const html = await reportHtml({ ...run, told })
    const section = /<section class="predictions">.*?<\/section>/s.exec(html)?.[0] ?? ''
    for (const words of [
      'You predicted 0 of 1 correctly.',
      prediction.question,
      '<dt>you said</dt><dd>everybody</dd>',
      '<dt>observed</dt><dd>who asks</dd>',
      prediction.seen,
      'cut/udp/detected',
      prediction.explanation,
    ]) {
      expect(section).toContain(words)
    }
    expect(html.indexOf(section)).toBeLessThan(html.indexOf('The story: '))
    expect(await reportHtml(run)).not.toContain('class="predictions"')
  })

  test('lets nothing be loaded and only its own script run', async () => {
    const html = await reportHtml(run)
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? []
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-\S+';/)
    expect(policy).not.toContain('unsafe')
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.match(/<\/script/g)).toHaveLength(2)
  })

  test('tells nothing about the machine it was made on but what a reader needs', async () => {
    const html = await reportHtml({ ...run, plan: { ...run.plan, folder: `${homedir()}/runs/x` } })
    const [, block = ''] = /id="events">([^<]*)</.exec(html) ?? []
    const inside = gunzipSync(Buffer.from(block, 'base64')).toString()
    for (const text of [html, inside]) {
      expect(text).not.toContain('/home/somebody')
      expect(text).not.toContain(`${homedir()}/`)
      expect(text).not.toContain(process.cwd())
    }
  })

  test('of 100,000 events stays under 3 MB', async () => {
    const many = madeUpRun({ everyMs: 33 })
    expect(many.log.events.length).toBeGreaterThan(100_000)
    const html = await reportHtml({ ...many, lab: keepalive })
    expect(html.length).toBeLessThan(3_000_000)
  }, 60_000)
})

describe('cells that were recorded elsewhere', () => {
  const recorded = recordedCellsOf(run.plan, run.log, run.report)
  const poor = { ...madeUpRun({ impossible: ['cut', 'blip', 'power-off', 'reboot'] }), lab: keepalive }

  test('hold no path, no address of an event, and no name of a machine', () => {
    const text = recordedCellsText(recorded)
    expect(JSON.parse(text)).toEqual(recorded)
    expect(Object.keys(recorded.cells)).toHaveLength(81)
    expect(text).not.toMatch(/somebody|evidence|tcp-client#|\/home/)
    expect(recorded.system).toBe('linux 6.18.44')
  })

  test('fill what a machine had to skip, and say so', async () => {
    const html = await reportHtml(poor, recorded)
    const body = html.slice(html.indexOf('<body>'))
    expect(body.match(/<td class="[^"]*recorded/g)).toHaveLength(36)
    expect(body).toContain('recorded elsewhere, not observed here: linux 6.18.44, netns hosts, 2026-11-23')
  })

  test('of another pace or side say nothing about this run', async () => {
    const html = await reportHtml(poor, { ...recorded, strike: 'client' })
    const body = html.slice(html.indexOf('<body>'))
    expect(body.match(/<td class="[^"]*recorded/g)).toBeNull()
    expect(body).toContain('skipped')
  })

  test('ship with the lab', () => {
    const shipped = readRecordedCells('keepalive')
    expect(Object.keys(shipped?.cells ?? {})).toHaveLength(81)
    expect(shipped).toMatchObject({ strike: 'server', pace: 'quick', tier: 'netns' })
    expect(readRecordedCells('there is no such lab')).toBeUndefined()
  })
})

test('timeline.svg is the cell that tells a reader most', () => {
  const folder = temporaryFolder()
  const file = writeTimelineSvg(folder, run)
  expect(readFileSync(file ?? '', 'utf8')).toContain('cut / tcp-keepalive')
  expect(existsSync(join(folder, 'timeline.svg'))).toBe(true)
})

test('commands are grouped by pair, before and after its fault', () => {
  const groups = commandGroups(events, run.plan.cases)
  expect(groups.map(({ title }) => title)).toContain('cut: the two hosts and their switch')
  expect(groups[0]?.lines[0]).toBe(
    "ip netns exec none-a sh -c 'echo '\\''2'\\'' >/proc/sys/net/ipv4/tcp_retries2'",
  )
})
