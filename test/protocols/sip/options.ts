/** A request that is right, and what a test makes of it. */
import { problemOf } from '../../../src/protocols/sip/checks.ts'
import { readMessage } from '../../../src/protocols/sip/message.ts'

export const FIELDS = {
  Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  From: '<sip:caller@example.org>;tag=1',
  To: '<sip:user@example.com>',
  'Call-ID': 'one@example.org',
  CSeq: '1 OPTIONS',
  'Max-Forwards': '70',
}

/** OPTIONS with these fields instead of, or beside, the usual ones. null: left out. */
export function options(
  changed: Record<string, string | null> = {},
  line = 'OPTIONS sip:user@example.com SIP/2.0',
  body = '',
) {
  const fields = Object.entries({ ...FIELDS, ...changed }).filter(([, value]) => value !== null)
  const text = [line, ...fields.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n')
  return Buffer.from(text, 'latin1')
}

/** With which it is to be refused; null: it is well-formed. */
export function statusOf(bytes: Buffer): number | null {
  const { message, problem } = readMessage(bytes)
  return (problem ?? (message && problemOf(message)))?.status ?? null
}
