import { expect, test } from 'vitest'
import { levelsSvg } from '../../labs/frames/figure.ts'
import { frameCheckSequence } from '../../src/wire/line-code.ts'

/** `hello`, by UDP from 10.0.1.1 to 10.0.1.2. */
const HELLO = Buffer.from(
  '02000a00010202000a0001010800450000210000400040111a4d0a0001010a000102c350c351000d000068656c6c6f',
  'hex',
)

/** The levels of a picture, half a bit each, as they stand in its rows. */
function levelsIn(svg: string): string {
  const waves = [...svg.matchAll(/<path d="(M[^"]*)" fill="none" stroke="#000000" stroke-width="1.4"/g)]
  return waves
    .slice(0, -1) // the gap
    .flatMap(([, path = '']) => {
      const heights = [...path.matchAll(/V([\d.]+)H/g)].map(([, y]) => Number(y))
      const top = Math.min(...heights)
      return heights.map((y) => (y === top ? '+' : '-'))
    })
    .join('')
}

test('levels.svg: from its levels alone the whole frame can be read back, with what the card adds', () => {
  const svg = levelsSvg(HELLO, 'arp-a')
  const bits = (levelsIn(svg).match(/../g) ?? []).map(
    (halves) => ({ '-+': 1, '+-': 0 })[halves] ?? Number.NaN,
  )
  const octets = Buffer.from(
    (bits.join('').match(/.{8}/g) ?? []).map((octet) => Number.parseInt([...octet].reverse().join(''), 2)),
  )
  const filled = Buffer.concat([HELLO, Buffer.alloc(60 - HELLO.length)])
  const whole = Buffer.concat([Buffer.from('55555555555555d5', 'hex'), filled, frameCheckSequence(filled)])
  expect(octets.toString('hex')).toBe(whole.toString('hex'))
})

test('it says what it is, in words too, and the same frame makes the same picture', () => {
  const svg = levelsSvg(HELLO, 'arp-a')
  expect(svg).toBe(levelsSvg(HELLO, 'arp-a'))
  expect(svg).toMatch(/<title id="levels-title">[^<]*computed, not observed<\/title>/)
  const described = /<desc id="levels-desc">([^<]+)<\/desc>/.exec(svg)?.[1] ?? ''
  for (const word of [
    '672 bits',
    '67.2',
    'preamble',
    'start',
    'IP header',
    'UDP header',
    'message 68656c6c6f',
    'pad',
    'check sequence',
    'gap',
  ]) {
    expect(described).toContain(word)
  }
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})
