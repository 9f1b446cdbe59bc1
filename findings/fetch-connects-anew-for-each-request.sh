#!/usr/bin/env bash
# A server that promises to keep the connection for two seconds gets a new one for every request
#
# One would guess: `Keep-Alive: timeout=2` tells the client that it may use the connection again for two seconds. A
#   server that wants its idle connections back sooner than after Node's usual five seconds sets keepAliveTimeout 2000.
# What happens: undici, which is Node's fetch, takes two seconds off whatever the server promises, to be on the safe
#   side. Of a promise of 1 or 2 s nothing is left, so it closes after each answer: a new handshake for every
#   request. A server that promises nothing at all is trusted for 4 s, so the honest one fares worse.
# Seen with: undici 7.30.2 (the safe side is 2 s; in undici 6, Node 20's own fetch, it was 1 s).
# Source: lib/dispatcher/client-h1.js, onHeadersComplete(); `keepAliveTimeoutThreshold` in docs/docs/api/Client.md
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages undici@7.30.2

cat >"$work/fetch.mjs" <<'JS'
import assert from 'node:assert/strict'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'

/** How many connections five requests take, a tenth of a second apart, from a server that keeps them so long. */
async function connections(keepAliveTimeout, promises) {
  const server = http.createServer({ keepAliveTimeout }, (_, response) => {
    if (!promises) response.setHeader('Keep-Alive', 'max=1000') // and no word of a time
    response.end('ok')
  })
  let count = 0
  server.on('connection', () => { count += 1 })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dispatcher = new Agent()
  let heard
  for (let request = 0; request < 5; request++) {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { dispatcher })
    heard = answer.headers.get('keep-alive')
    await answer.text()
    await sleep(100)
  }
  console.log(`the server keeps a connection ${keepAliveTimeout} ms and says "${heard}": 5 requests, ${count} connections`)
  await dispatcher.close()
  server.close()
  return count
}

assert.equal(await connections(5000, true), 1)
assert.equal(await connections(3000, true), 1)
assert.equal(await connections(2000, true), 5)
assert.equal(await connections(1000, true), 5)
assert.equal(await connections(2000, false), 1)
process.exit()
JS
timeout 30 node "$work/fetch.mjs"
