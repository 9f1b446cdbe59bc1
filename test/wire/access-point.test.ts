/** What an access point makes of frames, without any radio; lab:frames holds the same against tshark. */
import { expect, test } from 'vitest'
import { AccessPoint, airAddresses, BSSID, type OnAir } from '../../src/wire/access-point.ts'

const mac = (letter: string) => `02000000000${letter}`
const BROADCAST = 'ffffffffffff'
const PAYLOAD = '450000'
const frame = (from: string, to: string, type = '0800') => Buffer.from(`${to}${from}${type}${PAYLOAD}`, 'hex')
const newAccessPoint = () => new AccessPoint(new Map(['a', 'b', 'c'].map((letter) => [mac(letter), letter])))

/** `data a>ap b, ack ap>a`: whose radio to whose, and of data whom it is of or for. */
function inWords(passed: readonly OnAir<string>[]): string[] {
  const nameOf = (address: string) => ({ [BSSID]: 'ap', [BROADCAST]: 'all' })[address] ?? address.at(-1)
  return passed.map(({ by, bytes, keptBy }) => {
    const read = airAddresses(bytes)
    const { receiver = '', data = null } = read ?? {}
    const whom = data === null ? '' : ` ${nameOf(data.source)}>${nameOf(data.destination)}`
    return `${read?.kind} ${by ?? 'ap'}>${nameOf(receiver)}${whom}${keptBy.length > 0 ? ` kept by ${keptBy}` : ''}`
  })
}

test('from one station to another it passes twice, acknowledged each time', () => {
  expect(inWords(newAccessPoint().enter(frame(mac('a'), mac('b')), 'a'))).toEqual([
    'data a>ap a>b',
    'ack ap>a',
    'data ap>b a>b kept by b',
    'ack b>ap',
  ])
})

test('what is for all is acknowledged by the access point alone, and comes back to who said it', () => {
  expect(inWords(newAccessPoint().enter(frame(mac('a'), BROADCAST), 'a'))).toEqual([
    'data a>ap a>all',
    'ack ap>a',
    'data ap>all a>all kept by b,c',
  ])
})

test.each([
  ['nobody of that address is here', frame(mac('a'), mac('9')), ['data a>ap a>9', 'ack ap>a']],
  ['it is for itself', frame(mac('a'), mac('a')), ['data a>ap a>a', 'ack ap>a']],
  ['the sender is not associated', frame(mac('9'), mac('b')), ['data a>ap 9>b']],
  ['the sender claims the address of another', frame(mac('b'), mac('c')), ['data a>ap b>c']],
  ['it is no frame', Buffer.alloc(13), []],
])('%s', (_, bytes, passed) => {
  expect(inWords(newAccessPoint().enter(bytes, 'a'))).toEqual(passed)
})

test('octet by octet: three addresses, a number for each radio, and the type behind a SNAP header', () => {
  const point = newAccessPoint()
  point.enter(frame(mac('a'), mac('b')), 'a')
  const [there, , back] = point
    .enter(frame(mac('a'), mac('b')), 'a')
    .map(({ bytes }) => bytes.toString('hex'))
  const body = `aaaa03000000${'0800'}${PAYLOAD}`
  expect(there).toBe(`08012c00${BSSID}${mac('a')}${mac('b')}1000${body}`)
  expect(back).toBe(`08022c00${mac('b')}${BSSID}${mac('a')}1000${body}`)
})

test('a frame with a length in place of a type has its header already', () => {
  const [there] = newAccessPoint().enter(frame(mac('a'), mac('b'), '0002'), 'a')
  expect(there?.bytes.subarray(24).toString('hex')).toBe('4500')
})

test.each(['', '08', 'd400', '0803', `0800${'00'.repeat(22)}`, `8000${'00'.repeat(40)}`])(
  'octets %s have no addresses that we read',
  (hex) => expect(airAddresses(Buffer.from(hex, 'hex'))).toBeNull(),
)
