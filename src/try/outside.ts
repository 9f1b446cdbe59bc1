/**
 * `--allow-outside`: a way out of the hosts for programs that ask a proxy, as curl, git and package managers do
 * when `http_proxy` and `https_proxy` say so.
 *
 *   host's 127.0.0.1:PORT  ==  Unix socket in the run's folder  ==  this proxy  ==  the machine's network
 *
 * It needs no rights, changes nothing of the machine's network and goes with the run. What is not spoken through
 * a proxy does not get out: for that an ordinary user has no means.
 */
import * as http from 'node:http'
import * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { UsageError } from '../lab/options.ts'

/** sockaddr_un(3type) has 108 bytes, the last of them zero. */
const PATH_BYTES_MAX = 107
const CONNECTIONS_MAX = 200

/** Where the socket is, in the folder of a run. */
export function wayOutPath(runFolder: string): string {
  return `${runFolder}/way-out`
}

/**
 * Opens the proxy: CONNECT for anything, absolute addresses for http (RFC 9110 section 9.3.6, RFC 9112
 * section 3.2.2).
 * @throws UsageError when the path is too long for a socket
 */
export async function openWayOut(path: string): Promise<{ close(): void }> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new UsageError(`--allow-outside: ${path} is too long for a socket; choose a shorter --out DIR`)
  }
  const server = http.createServer(passOn)
  server.maxConnections = CONNECTIONS_MAX
  server.on('connect', tunnel)
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function tunnel({ url = '' }: http.IncomingMessage, inside: Duplex, first: Buffer): void {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(url) ?? []
  if (host === undefined || Number(port) > 65_535) {
    inside.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    return
  }
  const outside = net.connect(Number(port), host, () => {
    inside.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    outside.write(first)
    outside.pipe(inside).pipe(outside)
  })
  inside.on('error', () => outside.destroy())
  inside.on('close', () => outside.destroy())
  outside.on('error', () => inside.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
}

function passOn(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { method, headers, url = '' } = request
  if (!url.startsWith('http://') || !URL.canParse(url)) {
    response.writeHead(400).end()
    return
  }
  const onward = http.request(url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => {
    if (!response.headersSent) response.writeHead(502)
    response.end()
  })
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}
