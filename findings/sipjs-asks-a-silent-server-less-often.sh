#!/usr/bin/env bash
# sip.js: keepAliveInterval asks a server that answers once a second, and one that is silent once in ten seconds
#
# One would guess: transportOptions.keepAliveInterval: 1 sends a CRLF keep-alive (RFC 5626, 3.5.1) about once a second,
#   and when no answer comes, the connection is given up, as RFC 5626 4.4.1 wants it after ten seconds.
# What happens: as long as the server answers, one is sent each second. A server that is silent is asked less often:
#   while an answer is missing no other is sent, until keepAliveDebounce (10 s by default) is over; then the next one
#   goes out, and so on without an end. That an answer is missing is told nobody, and the transport stays Connected.
# Seen with: sip.js 0.21.2, ws 8.23.0, Node 20.20.2
# Source: sip.js src/platform/web/transport/transport.ts, sendKeepAlive() and clearKeepAliveTimeout(); the timer of the
#   debounce does nothing but forget that an answer was waited for.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages sip.js@0.21.2 ws@8.23.0

cat >"$work/look.mjs" <<'JS'
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserAgent } from 'sip.js'
import WebSocket, { WebSocketServer } from 'ws'

// Node 20 has none of its own.
globalThis.WebSocket = WebSocket
const WATCH_MS = 24_000

/** When keep-alives came to a server, in seconds after the connection, and what the client's transport says then. */
async function asked(answers) {
  const cameAt = []
  const server = new WebSocketServer({ port: 0, handleProtocols: () => 'sip' })
  server.on('connection', (socket) => {
    const began = Date.now()
    socket.on('message', (data) => {
      if (String(data) !== '\r\n\r\n') return
      cameAt.push((Date.now() - began) / 1000)
      if (answers) socket.send('\r\n')
    })
  })
  const agent = new UserAgent({
    uri: UserAgent.makeURI('sip:alice@example.com'),
    transportOptions: { server: `ws://127.0.0.1:${server.address().port}`, keepAliveInterval: 1 },
    logLevel: 'error',
  })
  await agent.start()
  await sleep(WATCH_MS)
  const { state } = agent.transport
  console.log(`a server that ${answers ? 'answers' : 'is silent'} is asked after ${cameAt.map((s) => s.toFixed(1)).join(', ')} s; ${state}`)
  return { times: cameAt.length, state }
}

const [living, silent] = await Promise.all([asked(true), asked(false)])
assert.ok(living.times >= 20)
assert.ok(silent.times >= 2 && silent.times <= 4)
assert.equal(silent.state, 'Connected')
process.exit()
JS
cd "$work"
timeout 50 node look.mjs
