/** The one thing of the opening handshake that is computed (RFC 6455 sections 1.3 and 4.2.2). */
import { createHash } from 'node:crypto'

/** Fixed by RFC 6455: nobody who does not know WebSocket puts it after a key by chance. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key: base64 of the SHA-1 of key and GUID. It proves
 * that whoever answers has read the request as WebSocket, and is no cache and no server of something else.
 * It proves nothing about who that is.
 */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64')
}
