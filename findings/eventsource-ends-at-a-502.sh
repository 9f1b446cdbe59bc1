#!/usr/bin/env bash
# EventSource reconnects by itself, unless something answers
#
# One would guess: EventSource reconnects until close() is called. A server that restarts is back in a moment, whether
#   or not there is a proxy before it.
# What happens: a refused connection is tried again and again, but one answer other than 200, such as the 502 of the
#   proxy while its backend restarts, ends it for good: readyState 2, no further request. So the same restart heals
#   without the proxy and kills every stream behind it. Browsers do the same.
# Seen with: eventsource 4.1.0. Control: eventsource 2.0.2, which went on after a 502; so an upgrade changes it.
# Source: HTML Standard, 9.2.3 "Processing model": a network error reestablishes the connection, a status other than 200
#   fails it. https://github.com/EventSource/eventsource/issues/60, https://github.com/Yaffle/EventSource/issues/88
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages eventsource-4@npm:eventsource@4.1.0 eventsource-2@npm:eventsource@2.0.2

cat >"$work/restart.mjs" <<'JS'
import assert from 'node:assert/strict'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import Old from 'eventsource-2'
import { EventSource } from 'eventsource-4'

/** A port where somebody answers as told; how often it was asked. */
async function listen(answer, port = 0) {
  const server = http.createServer((_, response) => {
    server.asked += 1
    answer(response)
  })
  server.asked = 0
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

const stop = (server) => new Promise((resolve) => {
  server.close(resolve)
  server.closeAllConnections()
})

const stream = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('retry: 200\ndata: hello\n\n')
}
const badGateway = (response) => response.writeHead(502).end()

/** A server restarts, and for a second its port is silent or answered 502. Is the client served afterwards? */
async function restart(name, Source, meanwhile) {
  const before = await listen(stream)
  const { port } = before.address()
  const source = new Source(`http://127.0.0.1:${port}/`)
  let messages = 0
  source.onmessage = () => { messages += 1 }
  source.onerror = () => {}
  while (messages === 0) await sleep(20)

  await stop(before)
  const proxy = meanwhile && (await listen(meanwhile, port))
  await sleep(1000)
  const refused = proxy ? `${proxy.asked} x 502` : 'nobody listens'
  if (proxy) await stop(proxy)

  const after = await listen(stream, port)
  await sleep(3000)
  const seen = { served: messages > 1, readyState: source.readyState, asked: after.asked }
  console.log(`${name}, ${refused}, then up again: ${JSON.stringify(seen)}`)
  source.close()
  await stop(after)
  return seen
}

const [silent, answered, old] = await Promise.all([
  restart('eventsource 4.1.0', EventSource, null),
  restart('eventsource 4.1.0', EventSource, badGateway),
  restart('eventsource 2.0.2', Old, badGateway),
])
assert.equal(silent.served, true, 'a refused connection is tried again')
assert.equal(old.served, true, 'the older one went on after a 502')
assert.deepEqual(answered, { served: false, readyState: 2, asked: 0 }, 'a 502 is the end')
process.exit()
JS
timeout 30 node "$work/restart.mjs"
