import { describe, expect, it } from 'vitest'
import { layout } from '../../src/view/layout.ts'
import { toSvg } from '../../src/view/svg.ts'
import { ARROW_STROKE, BELIEF_PAINT, TRUTH_PAINT } from '../../src/view/svg-style.ts'
import { cutKeepalive, LogBuilder, VIEW } from './log-builder.ts'

const HOSTILE = `</text><script>alert("1")</script><a href='javascript:x'>&amp;\u202e\u0000\ud800`

/** Enough of XML for what we write ourselves: every tag closed in order, no bare `<` or `&`. */
function problemsOf(svg: string): string[] {
  const problems: string[] = []
  const open: string[] = []
  const rest = svg.replace(
    /<(\/?)([\w-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name, _attributes, alone) => {
      if (end === '/') {
        if (open.pop() !== name) problems.push(`</${name}> closes another element`)
      } else if (alone !== '/') open.push(name)
      return ''
    },
  )
  if (/[<>]/.test(rest)) problems.push(`not a tag: ${/.{0,20}[<>].{0,20}/.exec(rest)?.[0]}`)
  if (/&(?!#\d+;)/.test(svg)) problems.push('a bare &')
  return [...problems, ...open.map((name) => `<${name}> is not closed`)]
}

it('says what happens in a case that is no fault', () => {
  const promise = 'one message to a port where nobody listens'
  const { events } = new LogBuilder().add(0, 'lab', 'case:started', { pair: 'cut', promise }, null)
  expect(toSvg(layout(events, VIEW))).toContain(promise)
  expect(toSvg(layout([], VIEW))).toContain('no fault strikes it')
})

describe('toSvg()', () => {
  const svg = toSvg(layout(cutKeepalive().events, VIEW))

  it('is one well-formed document with a title and the narrative', () => {
    expect(problemsOf(svg)).toEqual([])
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(svg).toContain('<title id="ladder-cut-tcp-keepalive-1835-title">cut / tcp-keepalive')
    expect(svg).toMatch(/<desc [^>]+>The fault cut strikes cut-b/)
  })

  it('needs no script, no style sheet and nothing from elsewhere', () => {
    expect(svg).not.toMatch(/<script|<style|style=|href=|\son\w+=|url\((?!#)/)
  })

  it('lets the keyboard reach each belief, disagreement and loss, with a sentence for each', () => {
    const focusable = [...svg.matchAll(/<g role="img" aria-label="([^"]*)" tabindex="0">/g)].map(
      (match) => match[1],
    )
    expect(focusable).toHaveLength(5 + 2 + 3)
    expect(focusable).toContain(
      'down +4.80 s etimedout (no proof): cut-a believes its peer down from +4.80 s to +12.00 s, because of etimedout, which proves nothing.',
    )
    expect(focusable).toContain('Keepalive probe from cut-a to cut-b, sent +1.730 s, never arrived.')
  })

  it('states the ghost time in numbers', () => {
    expect(svg).toContain('>4.80 s</text>')
    expect(svg).toContain('>12.0 s</text>')
    expect(svg).toContain('>and no end</text>')
  })

  it('keeps hostile names and payloads as text', () => {
    const pair = 'cut'
    const events = cutKeepalive()
      .strike(4300, HOSTILE)
      .packet(15_000, 15_000.1, 'cut-a', 'data', HOSTILE)
      .packet(15_500, null, 'cut-a', 'data', HOSTILE)
      .add(15_600, 'cut-a', 'tcp:error_received', { code: HOSTILE })
      .belief(15_600.1, 'cut-a', 'down', 'up', 'econnreset').events
    const drawn = toSvg(layout(events, { ...VIEW, pair }))
    expect(problemsOf(drawn)).toEqual([])
    expect(drawn).not.toMatch(/<script|<a |\u202e|(?!\n)\p{Cc}/u)
    expect(drawn).toContain('&#60;/text&#62;')
  })

  it('works at 50,000 pixels of height', () => {
    const log = new LogBuilder()
      .belief(0, 'cut-a', 'unknown', 'up', 'connected')
      .packet(1, 1.1, 'cut-b', 'data')
    for (let n = 0; n < 2000; n++) log.packet(1000 * n + 1000, null, 'cut-a', 'data')
    const tall = toSvg(layout(log.packet(2_002_000, 2_002_000.1, 'cut-b', 'data').events, VIEW))
    expect(Number(/height="(\d+)"/.exec(tall)?.[1])).toBeGreaterThan(50_000)
    expect(tall.match(/never arrived\."/g)).toHaveLength(2000)
    expect(problemsOf(tall)).toEqual([])
  })
})

describe('looks', () => {
  it('tells no two beliefs, truths or arrows apart by colour alone', () => {
    const fills = (paints: Record<string, { fill: string; pattern: string | null }>) =>
      Object.values(paints).map((paint) => `${paint.pattern}`)
    // Every name is also written into its band; `up` and `none` differ by their outline too.
    expect(new Set(fills(BELIEF_PAINT)).size).toBeGreaterThanOrEqual(4)
    expect(new Set(fills(TRUTH_PAINT)).size).toBe(5)
    const shapes = (
      [
        'heartbeat',
        'ack',
        'keepalive-probe',
        'keepalive-answer',
        'retransmission',
        'syn',
        'fin',
        'rst',
        'datagram',
        'icmp-error',
      ] as const
    ).map((kind) => `${ARROW_STROKE[kind].dash} ${ARROW_STROKE[kind].head}`)
    expect(new Set(shapes).size).toBe(shapes.length)
  })
})
