/**
 * The first message of either end of TLS, in which they agree on how to go on (RFC 8446 sections 4.1.2, 4.1.3, 5.1):
 * the client offers suites of ciphers, the server chooses one. It is not encrypted: whoever listens can read it.
 *
 *     0 type | 1 version | 3 length | 5 message | 6 length | 9 version | 11 random | 43 length, session id | suites
 */

export interface TlsHello {
  message: 'ClientHello' | 'ServerHello'
  /** By their names; of one that has none here its number, `0xc0ff`. A server names one. */
  suites: string[]
}

const HANDSHAKE = 22
const MESSAGES: Readonly<Record<number, TlsHello['message']>> = { 1: 'ClientHello', 2: 'ServerHello' }
const MESSAGE_AT = 5
const SESSION_ID_AT = 43
const SUITE_BYTES = 2

/** Of the registry of IANA, those of TLS 1.3 and those that today's TLS 1.2 is spoken with. */
const NAMES: Readonly<Record<number, string>> = {
  4865: 'TLS_AES_128_GCM_SHA256',
  4866: 'TLS_AES_256_GCM_SHA384',
  4867: 'TLS_CHACHA20_POLY1305_SHA256',
  49195: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  49196: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  49199: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  49200: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  52392: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  52393: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
}

/**
 * What the beginning of a segment's payload says; null: it is no hello, or its suites were not captured.
 * Never throws.
 */
export function readTlsHello(payload: Buffer): TlsHello | null {
  if (payload[0] !== HANDSHAKE || payload[1] !== 3) return null
  const message = MESSAGES[payload[MESSAGE_AT] ?? 0]
  const sessionIdBytes = payload[SESSION_ID_AT]
  if (message === undefined || sessionIdBytes === undefined) return null
  const at = SESSION_ID_AT + 1 + sessionIdBytes
  const listed = message === 'ServerHello' ? payload.subarray(at, at + SUITE_BYTES) : listAt(payload, at)
  if (listed === null || listed.length < SUITE_BYTES || listed.length % SUITE_BYTES !== 0) return null
  const count = listed.length / SUITE_BYTES
  return {
    message,
    suites: Array.from({ length: count }, (_, index) => nameOf(listed.readUInt16BE(index * SUITE_BYTES))),
  }
}

/** Two bytes of length, and so many after them; null where they are not all there. */
function listAt(payload: Buffer, at: number): Buffer | null {
  if (payload.length < at + 2) return null
  const bytes = payload.readUInt16BE(at)
  const list = payload.subarray(at + 2, at + 2 + bytes)
  return list.length === bytes ? list : null
}

function nameOf(suite: number): string {
  return NAMES[suite] ?? `0x${suite.toString(16).padStart(4, '0')}`
}
