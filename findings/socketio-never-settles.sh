#!/usr/bin/env bash
# socket.io: the same emitWithAck() is rejected at one end and pends for ever at the other
#
# One would guess: emitWithAck() means the same at both ends. When the peer disconnects, no acknowledgement can come any
#   more, and the promise is rejected.
# What happens: so it is at the client ("socket has been disconnected"). At the server the promise neither resolves nor
#   rejects, not even after its own "disconnect" event: what awaits it stays in memory. Only timeout() ends it.
# Seen with: socket.io 4.8.4 and socket.io-client 4.8.4
# Source: socket.io-client lib/socket.ts, onclose() calls _clearAcks(); socket.io lib/socket.ts, _onclose() leaves its
#   `acks` alone. The client's side was mended after https://github.com/socketio/socket.io/issues/4964.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages socket.io@4.8.4 socket.io-client@4.8.4

cat >"$work/ack.mjs" <<'JS'
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'

const server = new Server(0)
const { port } = server.httpServer.address()

/** Both ends of one new connection; each hears the other's question and does not answer it. */
async function connect() {
  const accepted = new Promise((resolve) => server.once('connection', resolve))
  const client = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false })
  return { client, accepted: await accepted }
}

/** What has become of a question three seconds after the connection's end. */
async function afterTheEnd(name, asking, question, answering) {
  let outcome = 'pending'
  question.then(() => { outcome = 'resolved' }, (error) => { outcome = `rejected: ${error.message}` })
  const told = new Promise((resolve) => asking.once('disconnect', resolve))
  await sleep(200)
  answering.disconnect()
  const reason = await told
  await sleep(3000)
  console.log(`${name}: told "disconnect" (${reason}); 3 s later its question is ${outcome}`)
  return outcome
}

const [one, two, three] = [await connect(), await connect(), await connect()]
const [atClient, atServer, limited] = await Promise.all([
  afterTheEnd('client', one.client, one.client.emitWithAck('question'), one.accepted),
  afterTheEnd('server', two.accepted, two.accepted.emitWithAck('question'), two.client),
  afterTheEnd('server, timeout(1000)', three.accepted, three.accepted.timeout(1000).emitWithAck('question'), three.client),
])
assert.match(atClient, /^rejected: socket has been disconnected/)
assert.match(limited, /^rejected: operation has timed out/)
assert.equal(atServer, 'pending')
process.exit()
JS
timeout 30 node "$work/ack.mjs"
