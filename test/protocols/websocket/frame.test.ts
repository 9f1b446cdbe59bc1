import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader } from '../../../src/protocols/websocket/frame.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('FrameReader, on the examples of RFC 6455 section 5.7', () => {
  test.each([
    ['an unmasked text message', '81 05 48656c6c6f', 'text', false, 5, 7],
    ['the same, masked', '81 85 37fa213d 7f9f4d5158', 'text', true, 5, 11],
    ['an unmasked ping', '89 05 48656c6c6f', 'ping', false, 5, 7],
    ['a masked pong', '8a 85 37fa213d 7f9f4d5158', 'pong', true, 5, 11],
    ['256 bytes of binary', `82 7e 0100 ${'00'.repeat(256)}`, 'binary', false, 256, 260],
    ['the head of 64 kB', '82 7f 0000000000010000', 'binary', false, 65536, 65546],
  ] as const)('%s', (_, bytes, opcode, isMasked, payloadBytes, frameBytes) => {
    expect(new FrameReader().take(hex(bytes))).toEqual([
      { opcode, isFinal: true, isMasked, payloadBytes, frameBytes },
    ])
  })

  test('a fragmented message: only its last frame is final', () => {
    const seen = new FrameReader().take(hex('01 03 48656c 80 02 6c6f'))
    expect(seen.map(({ opcode, isFinal }) => [opcode, isFinal])).toEqual([
      ['text', false],
      ['continuation', true],
    ])
  })

  test('sees the same frames however the stream is cut', () => {
    const stream = hex(`81 05 48656c6c6f 89 85 37fa213d 7f9f4d5158 82 7e 0100 ${'07'.repeat(256)} 88 00`)
    const whole = new FrameReader().take(stream)
    expect(whole.map(({ opcode }) => opcode)).toEqual(['text', 'ping', 'binary', 'close'])
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const reader = new FrameReader()
        const at = [0, ...cuts.sort((one, other) => one - other), stream.length]
        const seen = at.slice(1).flatMap((to, index) => reader.take(stream.subarray(at[index], to)))
        expect(seen).toEqual(whole)
      }),
    )
  })

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const reader = new FrameReader()
        for (const chunk of chunks) {
          for (const { frameBytes } of reader.take(Buffer.from(chunk))) expect(frameBytes).toBeGreaterThan(1)
        }
      }),
    )
  })
})
