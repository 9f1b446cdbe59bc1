/**
 * `--allow-outside`: a way out of the hosts for programs that ask a proxy, as curl, git and package managers do
 * when `http_proxy` and `https_proxy` say so.
 *
 *   host's 127.0.0.1:PORT  ==  Unix socket in the run's folder  ==  this proxy  ==  the machine's network
 *
 * It needs no rights, changes nothing of the machine's network and goes with the run. What is not spoken through
 * a proxy does not get out: for that an ordinary user has no means. The machine's own loopback is not outside:
 * what listens there trusts whoever can reach it.
 */
import * as dns from 'node:dns'
import * as http from 'node:http'
import * as net from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { UsageError } from '../foreign/usage.ts'
import { endToEnd } from '../programs/balancer.ts'

/** sockaddr_un(3type) has 108 bytes, the last of them zero. */
const PATH_BYTES_MAX = 107
const CONNECTIONS_MAX = 200
/** Said anew, or answered here, or meant for a proxy (RFC 9110 section 11.7). */
const NOT_ONWARD: readonly string[] = ['host', 'expect', 'proxy-authorization', 'via']
const NOT_BACK: readonly string[] = ['proxy-authenticate', 'proxy-authentication-info']

/** Addresses of this machine's loopback; the unspecified ones lead there too (ip(7)). */
const LOOPBACK = new net.BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addSubnet('0.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')
LOOPBACK.addAddress('::', 'ipv6')

/** Somebody asked for this machine's loopback who may not. */
class LoopbackError extends Error {
  override name = 'LoopbackError'
}

/** Where the socket is, in the folder of a run. */
export function wayOutPath(runFolder: string): string {
  return `${runFolder}/way-out`
}

/**
 * Opens the proxy: CONNECT for anything, absolute addresses for http (RFC 9110 section 9.3.6, RFC 9112
 * section 3.2.2).
 * @throws UsageError when the path is too long for a socket
 */
export async function openWayOut(
  path: string,
  { allowLoopback }: { allowLoopback: boolean },
): Promise<{ close(): void }> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new UsageError(`--allow-outside: ${path} is too long for a socket; choose a shorter --out DIR`)
  }
  const lookup = allowLoopback ? undefined : lookupOutside
  const server = http.createServer((request, response) => passOn(request, response, lookup))
  server.maxConnections = CONNECTIONS_MAX
  server.on('connect', (request, inside, first) => tunnel(request, inside, first, lookup))
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

/**
 * Resolves a name as usual, but to nothing of this machine's loopback. What it gives is connected to: nobody asks
 * again, and gets another answer.
 */
const lookupOutside: net.LookupFunction = (name, options, callback) => {
  dns.lookup(name, { ...options, all: true }, (error, found) => {
    const outside = error === null ? found.filter(({ address }) => !isLoopback(address)) : []
    const [first] = outside
    if (error !== null) callback(error, [])
    else if (first === undefined) callback(new LoopbackError(name), [])
    else if (options.all === true) callback(null, outside)
    else callback(null, first.address, first.family)
  })
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** An address that is no name is not looked up. @throws LoopbackError */
function assertOutside(host: string, lookup: net.LookupFunction | undefined): void {
  if (lookup !== undefined && net.isIP(host) !== 0 && isLoopback(host)) throw new LoopbackError(host)
}

function tunnel(
  { url = '' }: http.IncomingMessage,
  inside: Duplex,
  first: Buffer,
  lookup: net.LookupFunction | undefined,
): void {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(url) ?? []
  if (host === undefined || Number(port) > 65_535) {
    inside.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    return
  }
  let isOpen = false
  const fail = (error: Error) => {
    // Behind the 200 the bytes are the two ends' own.
    if (isOpen) inside.destroy()
    else inside.end(`HTTP/1.1 ${statusLineOf(error)}\r\n\r\n`)
  }
  inside.on('error', () => outside?.destroy())
  inside.on('close', () => {
    // What was said before an end in order is still on its way.
    if (outside?.writableEnded === false) outside.destroy()
  })
  let outside: net.Socket | undefined
  try {
    assertOutside(host, lookup)
    const address = { port: Number(port), host, ...(lookup === undefined ? {} : { lookup }) }
    // Who has no more to say may still listen: a FIN is passed on as what it is.
    outside = net.connect({ ...address, allowHalfOpen: true }, () => {
      isOpen = true
      inside.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      outside?.write(first)
      outside?.pipe(inside).pipe(outside)
    })
    outside.on('error', fail)
  } catch (error) {
    fail(error as Error)
  }
}

function statusLineOf(error: Error): string {
  return error instanceof LoopbackError ? '403 Forbidden' : '502 Bad Gateway'
}

function passOn(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  lookup: net.LookupFunction | undefined,
): void {
  const { method, url = '' } = request
  if (!url.startsWith('http://') || !URL.canParse(url)) {
    response.writeHead(400).end()
    return
  }
  const fail = (error: Error) => {
    // An answer that breaks off is broken off here too: with an end it would pass for a whole one.
    if (response.headersSent) response.destroy()
    else response.writeHead(Number.parseInt(statusLineOf(error), 10)).end()
  }
  try {
    assertOutside(new URL(url).hostname.replace(/^\[|\]$/g, ''), lookup)
  } catch (error) {
    fail(error as Error)
    return
  }
  const headers = onwardHeaders(request)
  const onward = http.request(url, { method, headers, ...(lookup === undefined ? {} : { lookup }) })
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, without(NOT_BACK, endToEnd(answer.headersDistinct)))
    pipeline(answer, response, () => {})
  })
  onward.on('error', fail)
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}

/** Without what was for the connection to this proxy (RFC 9110 section 7.6.1), and with its name (7.6.3). */
function onwardHeaders(request: http.IncomingMessage): http.OutgoingHttpHeaders {
  return {
    ...without(NOT_ONWARD, endToEnd(request.headersDistinct)),
    // A body without a length stays one: of most methods Node expects none.
    ...(request.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' }),
    via: [...(request.headersDistinct.via ?? []), '1.1 way-out'],
  }
}

function without(names: readonly string[], headers: ReturnType<typeof endToEnd>): http.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}
