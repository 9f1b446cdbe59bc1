/** Whatever a network may bring, beside what RFC 4475 and RFC 5118 thought of: torture.test.ts. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSdp, writeSdp } from '../../../src/protocols/sdp/description.ts'
import { essentialsOf, problemOf } from '../../../src/protocols/sip/checks.ts'
import { readMessage, valuesOf, writeMessage } from '../../../src/protocols/sip/message.ts'
import { MessageStream } from '../../../src/protocols/sip/stream.ts'
import { FIELDS, options, statusOf } from './options.ts'

describe('limits', () => {
  test('fields, head, values', () => {
    expect(statusOf(options({}, `OPTIONS sip:a SIP/2.0${'\r\nX: y'.repeat(500)}`))).toBe(513)
    expect(statusOf(options({ X: 'y'.repeat(40_000) }))).toBe(513)
    expect(statusOf(options({ Via: Array(100).fill(FIELDS.Via).join(',') }))).toBe(400)
  })
})

describe('a stream', () => {
  const body = 'v=0'
  const bytes = Buffer.concat([options({ 'Content-Length': '3' }, undefined, body), options({ l: '0' })])
  test('is cut by Content-Length, however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 }), (sizes) => {
        const stream = new MessageStream()
        const cuts: string[] = []
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          stream.push(bytes.subarray(at, at + size))
          at += size
          for (let cut = stream.next(); cut !== 'incomplete'; cut = stream.next())
            cuts.push(typeof cut === 'string' ? cut : `${cut.message?.body}`)
        }
        expect(cuts).toEqual(['v=0', ''])
      }),
      { numRuns: 50 },
    )
  })
  test('may be pinged between messages; without a length it is broken', () => {
    const stream = new MessageStream()
    stream.push(Buffer.from('\r\n\r\n\r\n'))
    expect([stream.next(), stream.next(), stream.next()]).toEqual(['ping', 'pong', 'incomplete'])
    stream.push(options())
    expect([stream.next(), stream.next()]).toEqual(['broken', 'broken'])
  })
  test('that never ends a head is broken', () => {
    const stream = new MessageStream()
    stream.push(Buffer.from(`OPTIONS sip:a SIP/2.0\r\nX: ${'y'.repeat(40_000)}`))
    expect(stream.next()).toBe('broken')
  })
})

describe('anything', () => {
  const pieces = fc.constantFrom(
    '\r\n',
    '\r\n ',
    ':',
    ';',
    ',',
    '"',
    '<',
    '>',
    '@',
    'Via: SIP/2.0/UDP a',
    'INVITE sip:a SIP/2.0',
    'tag=',
    '\0',
    '%',
    '[::]',
    '\xff',
  )
  const text = fc
    .array(fc.oneof(pieces, fc.string({ maxLength: 5, unit: 'binary' })), { maxLength: 40 })
    .map((all) => all.join(''))
  test('is read or refused, and what was read is written so that it reads the same', () => {
    const nearly = fc.tuple(text, fc.nat()).map(([more, at]) => {
      const right = options().toString('latin1')
      return `${right.slice(0, at % right.length)}${more}${right.slice(at % right.length)}`
    })
    fc.assert(
      fc.property(fc.oneof(text, nearly), (one) => {
        const { message, problem } = readMessage(Buffer.from(one, 'latin1'))
        if (message === null || problem !== null || problemOf(message) !== null) return
        const again = readMessage(writeMessage(message)).message
        expect(again && valuesOf(again, 'Via')).toEqual(valuesOf(message, 'Via'))
        expect(again && essentialsOf(again)).toEqual(essentialsOf(message))
      }),
      { numRuns: 500 },
    )
  })
  test('of SDP too', () => {
    const right =
      'v=0\r\no=- 1 1 IN IP4 10.0.1.1\r\ns=-\r\nc=IN IP4 10.0.1.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n'
    fc.assert(
      fc.property(fc.nat(right.length), fc.string({ unit: 'binary', maxLength: 8 }), (at, more) => {
        const read = readSdp(Buffer.from(right.slice(0, at) + more + right.slice(at), 'latin1'))
        if (read !== null) expect(readSdp(writeSdp(read))).toEqual(read)
      }),
      { numRuns: 300 },
    )
  })
})
