/** How connections to the page end: with the last answer, in time, and the strangers' first. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { SUBPROTOCOL } from '../../src/page/messages.ts'
import { pageUnderTest, sendRaw, statusOf } from './support.ts'

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

function head(first: string, lines: readonly string[]): string {
  return `${first} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** Every connection that the server has had since. */
function connectionsOf(server: Server): Socket[] {
  const all: Socket[] = []
  server.on('connection', (socket) => all.push(socket))
  return all
}

async function allClosed(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(sockets.filter(({ closed }) => !closed).map((socket) => once(socket, 'close')))
}

describe('a connection whose other end never closes', () => {
  test('ends with its answer', async () => {
    const { port, host, page } = await pageUnderTest()
    const sockets = connectionsOf(page.server)
    const own = `Host: ${host}`
    const tried: Record<string, [text: string, status: number]> = {
      'an upgrade without a token': [head('GET /api/live', [own, ...UPGRADE]), 403],
      'an upgrade elsewhere': [head('GET /', [own, ...UPGRADE]), 403],
      'an upgrade to something else': [head('GET /', [own, 'Connection: Upgrade', 'Upgrade: h2c']), 403],
      'a question without a token': [head('GET /api/setup', [own]), 401],
      'an order whose body never ends': [`${head('POST /api/stop', [own, 'Content-Length: 9'])}{`, 403],
      'the page, once': [head('GET /', [own, 'Connection: close']), 200],
      'no HTTP': ['hello\r\n\r\n', 400],
      'a tunnel': [head('CONNECT 127.0.0.1:22', [own]), 0],
      'too many headers': [head('GET /', [own, `X: ${'x'.repeat(20_000)}`]), 431],
    }
    for (const [what, [text, status]] of Object.entries(tried)) {
      expect([what, statusOf(await sendRaw(port, text))]).toEqual([what, status])
    }
    expect(sockets).toHaveLength(Object.keys(tried).length)
    await allClosed(sockets)
  })

  test('ends in time when it says nothing, or not all', async () => {
    const { port, host, page } = await pageUnderTest()
    const sockets = connectionsOf(page.server)
    const texts = ['', 'GET / HT', `GET / HTTP/1.1\r\nHost: ${host}\r\nX: `]
    const answers = await Promise.all(texts.map((text) => sendRaw(port, text)))
    expect(answers.map(statusOf)).toEqual([408, 408, 408])
    await allClosed(sockets)
  }, 10_000)

  test.each<[string, (host: string) => string]>([
    ['refused upgrades', (host) => head('GET /api/live', [`Host: ${host}`, ...UPGRADE])],
    ['silence', () => ''],
    ['half a request', (host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n`],
  ])('does not keep others out, three hundred times: %s', async (_what, text) => {
    const { port, host, page, ask, browser } = await pageUnderTest()
    const known = await browser()
    const sockets = connectionsOf(page.server)
    for (let count = 0; count < 300; count++) void sendRaw(port, text(host), `127.0.0.${1 + (count % 3)}`)
    await expect.poll(() => sockets.length).toBe(300)
    for (let count = 0; count < 5; count++) expect((await ask('/api/setup')).status).toBe(200)
    expect((await ask('/', { host })).status).toBe(200)
    const another = await browser()
    await another.until(() => another.phase === 'idle')
    expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(128)
    expect(known.socket.readyState).toBe(known.socket.OPEN)
  })
})

describe('a WebSocket that somebody abuses', () => {
  function upgradeText(host: string, token: string, first = 'GET /api/live'): string {
    const protocol = `Sec-WebSocket-Protocol: ${SUBPROTOCOL}, ${token}`
    return head(first, [`Host: ${host}`, `Origin: http://${host}`, ...UPGRADE, protocol])
  }

  test('is refused, and gone', async () => {
    const { port, host, token, page } = await pageUnderTest()
    const sockets = connectionsOf(page.server)
    const right = upgradeText(host, token)
    const offered = `${SUBPROTOCOL}, `
    const tried: Record<string, [text: string, status: number]> = {
      'by POST': [upgradeText(host, token, 'POST /api/live'), 405],
      'in upper case': [upgradeText(host, token, 'GET /API/LIVE'), 403],
      'with a slash': [upgradeText(host, token, 'GET /api/live/'), 403],
      'with a query': [upgradeText(host, token, 'GET /api/live?x'), 403],
      encoded: [upgradeText(host, token, 'GET /api/%6cive'), 403],
      'of another site': [upgradeText(host, token, 'GET http://evil.example/api/live'), 403],
      'of an old version': [right.replace('Version: 13', 'Version: 7'), 400],
      'with a short key': [right.replace('dGhlIHNhbXBsZSBub25jZQ==', 'dGhl'), 400],
      'with two Host lines': [right.replace('Origin', 'Host: evil.example\r\nOrigin'), 403],
      'with two origins': [right.replace('Origin', 'Origin: http://evil.example\r\nOrigin'), 403],
      'with the token last': [right.replace(offered, `x, ${offered}`), 401],
      'with a protocol twice': [right.replace(offered, `${offered}${offered}`), 401],
    }
    for (const [what, [text, status]] of Object.entries(tried)) {
      expect([what, statusOf(await sendRaw(port, text))]).toEqual([what, status])
    }
    expect(sockets).toHaveLength(Object.keys(tried).length)
    await allClosed(sockets)
    expect(statusOf(await sendRaw(port, right + frame(0x88, '').toString('latin1')))).toBe(101)
  })

  /** Its first byte, and a masked payload whose mask is zero (RFC 6455 section 5.2). */
  function frame(first: number, payload: string | Buffer): Buffer {
    return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)])
  }

  test('is told why it ends, and is gone', async () => {
    const { port, host, token, page } = await pageUnderTest()
    const sockets = connectionsOf(page.server)
    const piece = 'x'.repeat(100)
    const pieces = [frame(0x01, piece), ...Array.from({ length: 9 }, () => frame(0x00, piece))]
    // RFC 6455 section 7.4.1: 1002 protocol error, 1007 bad data, 1008 policy violation, 1009 too big.
    const tried: Record<string, [bytes: Buffer, code: number]> = {
      'no mask': [Buffer.from([0x81, 2, 0x7b, 0x7d]), 1002],
      'a reserved bit': [frame(0xc1, '{}'), 1002],
      'an unknown kind of frame': [frame(0x83, '{}'), 1002],
      'the rest of nothing': [frame(0x80, '{}'), 1002],
      'a ping in pieces': [frame(0x09, ''), 1002],
      'a ping that is too long': [Buffer.from([0x89, 0xfe, 0, 200, 0, 0, 0, 0]), 1002],
      'no UTF-8': [frame(0x81, Buffer.from([0xc3, 0x28])), 1007],
      'a message of 2^53 bytes': [Buffer.from([0x81, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
      'a message in too many pieces': [Buffer.concat(pieces), 1009],
      'a goodbye with an impossible code': [frame(0x88, Buffer.from([0x03, 0xed])), 1002],
      'a goodbye': [frame(0x88, Buffer.from([0x03, 0xe8])), 1000],
      'no hello': [frame(0x81, '{}'), 1008],
    }
    for (const [what, [bytes, code]] of Object.entries(tried)) {
      const text = Buffer.from(upgradeText(host, token))
      const answer = Buffer.from(await sendRaw(port, Buffer.concat([text, bytes])), 'latin1')
      const said = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
      expect([what, said[0], said.readUInt16BE(2)]).toEqual([what, 0x88, code])
    }
    expect(sockets).toHaveLength(Object.keys(tried).length)
    await allClosed(sockets)
  })

  test('is told to go when it says nothing', async () => {
    const { port, host, token } = await pageUnderTest()
    expect(await sendRaw(port, upgradeText(host, token))).toMatch(/no hello$/)
  }, 10_000)
})
