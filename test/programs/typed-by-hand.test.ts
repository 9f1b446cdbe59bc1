/** What somebody hears who types `hello` into `nc`: an error with a name, from every server that expects words. */
import * as net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startHttpServer } from '../../src/programs/http-server.ts'
import { startSessionServer } from '../../src/programs/session-server.ts'
import { startTcpServer } from '../../src/programs/tcp-server.ts'
import { startWebSocketServer } from '../../src/programs/websocket-server.ts'
import { collectEvents } from '../support/events.ts'

const at = { mechanism: 'typed', host: '127.0.0.1', port: 0 }

test.each([
  [
    'tcp-server --heartbeat',
    () => startTcpServer({ ...at, heartbeat: true }, collectEvents().emit),
    /^ERROR UNKNOWN_WORD: a line is PING or PONG and a number$/m,
  ],
  [
    'session-server',
    () => startSessionServer({ ...at, carrier: 'tcp' }, collectEvents().emit),
    /^ERROR UNKNOWN_WORD$/m,
  ],
  ['http-server', () => startHttpServer(at, collectEvents().emit), /^HTTP\/1.1 400 Bad Request\r$/m],
  [
    'websocket-server',
    () => startWebSocketServer(at, collectEvents().emit),
    /^HTTP\/1.1 400 Bad Request\r$/m,
  ],
] as const)('hello at %s', async (_, start, answer) => {
  const server = await start()
  onTestFinished(() => server.close())
  const person = net.connect(server.port ?? 0, '127.0.0.1', () => person.write('hello\n'))
  onTestFinished(() => void person.destroy())
  let heard = ''
  person.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  await expect.poll(() => heard).toMatch(answer)
})
