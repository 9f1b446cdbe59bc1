import { describe, expect, it } from 'vitest'
import { layout } from '../../src/view/layout.ts'
import { narrativeOf, rowsOf } from '../../src/view/narrative.ts'
import { textLadder } from '../../src/view/terminal/ladder.ts'
import { duration, moment } from '../../src/view/words.ts'
import { cutKeepalive, VIEW } from './log-builder.ts'

const ladder = layout(cutKeepalive().events, VIEW)

describe('narrativeOf()', () => {
  it('tells in one paragraph what the picture shows', () => {
    expect(narrativeOf(ladder)).toBe(
      'The fault cut strikes cut-b from 0.00 s on: nobody is told (shown by: a probe). ' +
        'Cut-a believes its peer connecting at \u22122.37 s (started), then believes its peer up at \u22122.30 s (connected), ' +
        'then believes its peer down at +4.80 s (etimedout, which proves nothing). ' +
        'Cut-a believes cut-b up while cut-b is unreachable: 4.80 s, from 0.00 s, its ghost time. ' +
        'Cut-b believes its peer up at \u22122.36 s (accepted). ' +
        'Cut-b believes cut-a up while cut-a is unreachable: 12.0 s and no end, from 0.00 s, its ghost time. ' +
        'Of 8 packets 3 never arrived.',
    )
  })

  it('counts what a box stands for', () => {
    const log = cutKeepalive()
    for (let n = 0; n < 100; n++) log.packet(9100 + n, 9100.5 + n, 'cut-b', 'data')
    expect(narrativeOf(layout(log.events, VIEW))).toContain('Of 108 packets 3 never arrived')
  })
})

describe('rowsOf()', () => {
  const rows = rowsOf(ladder)

  it('is in order of time', () => {
    expect(rows.map((row) => row.at)).toEqual(rows.map((row) => row.at).toSorted((one, other) => one - other))
  })

  it('has every belief with its evidence, every loss and every ghost time', () => {
    const find = (words: string) => rows.filter((row) => row.what.includes(words))
    expect(find('never arrived')).toHaveLength(3)
    expect(find('etimedout')[0]).toMatchObject({ time: '+4.800 s', who: 'cut-a' })
    expect(find('etimedout')[0]?.what).toContain('ETIMEDOUT from read')
    expect(find('12.0 s and no end')[0]).toMatchObject({ who: 'cut-b' })
  })
})

describe('textLadder()', () => {
  const text = textLadder(ladder)

  it('fits 80 columns', () => {
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('cuts no word off, however long the names of the hosts are', () => {
    const renamed = JSON.stringify(cutKeepalive().events)
      .replaceAll('cut-', 'many-connections-')
      .replaceAll('"pair":"cut"', '"pair":"many-connections"')
    const long = textLadder(layout(JSON.parse(renamed), { ...VIEW, pair: 'many-connections' }))
    for (const line of long.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const words = long.replaceAll(/\s+/g, ' ')
    expect(words).toContain('many-connections-b (server)')
    expect(words).toContain('12.0 s and no end (believed up, in truth unreachable)')
  })

  it('shows the strike, a lost probe, the belief and both ghost times', () => {
    expect(text).toContain('═══ 0.00 s  cut strikes cut-b ═')
    expect(text).toMatch(/\+1\.73 s !.*keepalive probe ─+╳/)
    expect(text).toMatch(/\+4\.80 s {2}down .*etimedout \(no proof\)/)
    expect(text).toContain('GHOST TIME of cut-a: 4.80 s')
    expect(text).toContain('GHOST TIME of cut-b: 12.0 s and no end')
  })

  it('is pure ASCII when asked', () => {
    expect(textLadder(ladder, { ascii: true })).toMatch(/^[\n -~]+$/)
  })

  it('lets no payload steer the terminal or break the columns', () => {
    const events = cutKeepalive().packet(
      15_000,
      15_000.1,
      'cut-a',
      'data',
      '\u001b[2J\u0007\u{1f600}\u8a9e',
    ).events
    const hostile = textLadder(layout(events, VIEW))
    expect(hostile).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(hostile).not.toMatch(/[\u3000-\u{10ffff}]/u)
  })
})

describe('words', () => {
  it.each([
    [0, '0.00 s'],
    [4800.1, '4.80 s'],
    [599_000, '599.00 s'],
    [600_000, '10 min'],
    [7_275_000, '2 h 1 min'],
  ])('says %d ms as %s', (ms, text) => expect(duration(ms)).toBe(text))

  it('counts moments from the strike, and never says minus zero', () => {
    expect(moment({ origin: 1000 }, 999.99)).toBe('0.00 s')
    expect(moment({ origin: 1000 }, 3500)).toBe('+2.50 s')
    expect(moment({ origin: 1000 }, 500)).toBe('\u22120.50 s')
  })
})
