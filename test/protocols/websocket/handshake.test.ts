import { expect, test } from 'vitest'
import { acceptFor } from '../../../src/protocols/websocket/handshake.ts'

test('acceptFor() answers the key of RFC 6455 section 1.3 as it says there', () => {
  expect(acceptFor('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})
