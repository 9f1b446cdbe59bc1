/** What Node's own HTTP has of patience, at both ends, and the race of a connection that is used again. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Rig } from '../../src/lab/rig.ts'
import type { TimeoutsSettings } from './conditions.ts'
import { mayHappen } from './transport.ts'

const SOON = { withinMs: 5000 }
const REQUEST = 'GET / HTTP/1.1\r\nHost: b\r\n'

export async function httpLimits(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  const { http: limits, withinMs } = settings
  /** A client that says so much and then waits for what the server does. */
  const saying = async (mechanism: string, text: string) => {
    const at = await rig.sockets(b).http.listen(mechanism, limits)
    const client = await rig.sockets(a).tcp.connect(mechanism, at)
    await client.connected()
    await client.write(text)
    await mayHappen(rig.untilEvent(a, 'tcp:end_received', { groupId: client.groupId, withinMs }))
  }
  /** A client that asks a server which takes the request and never answers. */
  const asking = async (mechanism: string, by: 'node' | 'undici') => {
    const at = await rig.sockets(b).http.listen(mechanism, { does: 'nothing' })
    const headersTimeoutMs = settings.undiciHeadersTimeoutMs ?? undefined
    await rig.sockets(a).http.get(mechanism, at, { by, headersTimeoutMs })
  }
  await asking('node-http', 'node')
  await asking('undici', 'undici')
  await rig.untilEvent(b, 'http:request_received', { mechanism: 'undici', ...SOON })
  await rig.observe(pair)
  await Promise.all([
    rig.sleep(settings.neverMs),
    saying('keep-alive-timeout', `${REQUEST}\r\n`),
    saying('headers-timeout', REQUEST),
    saying('request-timeout', `POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 10\r\n\r\nhalf`),
    mayHappen(rig.untilEvent(a, 'http:request_failed', { mechanism: 'undici', withinMs })),
  ])
}

/** The server has closed, and its FIN is not there yet: the client's pool takes the connection for good. */
export async function pooledConnection(rig: Rig, pair: Pair, settings: TimeoutsSettings): Promise<void> {
  const { a, b } = pair
  const at = await rig.sockets(b).http.listen('pooled', settings.http)
  const get = () => rig.sockets(a).http.get('pooled', at, { by: 'node' })
  await get()
  await rig.untilEvent(a, 'http:response_received', { mechanism: 'pooled', ...SOON })
  await rig.cable(pair).hold('bToA', ['fin'])
  await mayHappen(rig.untilKernel(b, 'pooled', 'FIN-WAIT-1', settings))
  await get()
  await mayHappen(rig.untilEvent(a, 'http:request_failed', { mechanism: 'pooled', ...SOON }))
  await get()
  await mayHappen(
    rig.untilEvent(a, 'http:response_received', { mechanism: 'pooled', occurrence: 2, ...SOON }),
  )
  await rig.cable(pair).release('bToA')
}
