/** The hellos of a real client and a real server, as Node's TLS writes them; and what is none. */
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { expect, test } from 'vitest'
import { makeCertificate } from '../../src/programs/bank/certificate.ts'
import { readTlsHello } from '../../src/wire/tls-hello.ts'

const AES = 'TLS_AES_256_GCM_SHA384'
const CHACHA = 'TLS_CHACHA20_POLY1305_SHA256'

/** The first bytes of either end, as somebody between them sees them. */
async function firstBytes(ofServer: string): Promise<{ client: Buffer; server: Buffer }> {
  const { privateKey, certificate } = await makeCertificate(['127.0.0.1'])
  const server = tls.createServer({ key: privateKey, cert: certificate, ciphers: ofServer })
  const between = net.createServer()
  for (const each of [server, between]) await once(each.listen(0, '127.0.0.1'), 'listening')
  const portOf = (each: net.Server) => (each.address() as net.AddressInfo).port
  const seen = once(between, 'connection').then(async ([near]: net.Socket[]) => {
    if (near === undefined) throw new Error('nobody came')
    const far = net.connect(portOf(server), '127.0.0.1')
    const bytes = Promise.all([once(near, 'data'), once(far, 'data')])
    near.pipe(far).pipe(near)
    const [[client], [answer]] = (await bytes) as [[Buffer], [Buffer]]
    return { client, server: answer }
  })
  const client = tls.connect({ port: portOf(between), rejectUnauthorized: false })
  await once(client, 'secureConnect')
  client.destroy()
  between.close()
  server.close()
  return seen
}

test('readTlsHello() reads what a client offers, and what the server has chosen of it', async () => {
  for (const chosen of [AES, CHACHA]) {
    const { client, server } = await firstBytes(chosen)
    const offered = readTlsHello(client)
    expect(offered?.message).toBe('ClientHello')
    expect(offered?.suites).toEqual(expect.arrayContaining([AES, CHACHA]))
    expect(readTlsHello(server)).toEqual({ message: 'ServerHello', suites: [chosen] })
  }
})

test('readTlsHello() takes nothing else for a hello, nor one that was cut off before its suites', async () => {
  const { client, server } = await firstBytes(AES)
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1'),
    Buffer.alloc(300, 22),
    client.subarray(1),
  ]) {
    expect(readTlsHello(bytes)).toBeNull()
  }
  const endOf = (hello: Buffer) => 44 + (hello[43] ?? 0) + 2
  for (const hello of [client, server]) {
    for (let length = 0; length < endOf(hello); length += 1) {
      expect(readTlsHello(hello.subarray(0, length))).toBeNull()
    }
  }
})
