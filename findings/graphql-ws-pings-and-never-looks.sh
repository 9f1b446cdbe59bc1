#!/usr/bin/env bash
# graphql-ws: the same option keepAlive ends a dead connection at the server, and at the client keeps it for ever
#
# One would guess: createClient({ keepAlive: 500 }) pings every half second, as useServer(..., 500) does at the other
#   end, and gives up a server that does not answer; retries then connect it anew.
# What happens: the client sends one ping, waits for the answer without any limit, and does not even ping again. A
#   subscription to a frozen or unreachable server stays open, and neither "closed" nor an error is ever told. The
#   server, with the same number, drops a frozen client within two of its intervals.
# Seen with: graphql-ws 6.4.2, ws 8.23.0, graphql 16.11.0
# Source: graphql-ws src/client.ts, enqueuePing() only sends, and is called again when something comes; src/use/ws.ts
#   sets a timer for the pong. Its recipe "Client usage with ping/pong timeout" leaves the timer to whoever uses it.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages graphql-ws@6.4.2 graphql@16.11.0 ws@8.23.0

cat >"$work/server.mjs" <<'JS'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const schema = buildSchema('type Query { ok: Boolean } type Subscription { news: String }')
const server = new WebSocketServer({ port: 0 }, () => console.log(server.address().port))

async function* news() {
  yield { news: 'hello' }
  await new Promise(() => {})
}
server.on('connection', (socket) => socket.on('close', () => console.log('dropped')))
useServer({ schema, roots: { subscription: { news } } }, server, 500)
JS

cat >"$work/client.mjs" <<'JS'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const client = createClient({ url: `ws://127.0.0.1:${process.argv[2]}`, webSocketImpl: WebSocket, keepAlive: 500 })
for (const event of ['ping', 'closed', 'error']) client.on(event, () => console.log(event))
client.subscribe({ query: 'subscription { news }' }, { next: () => console.log('next'), error: () => console.log('error'), complete() {} })
setInterval(() => {}, 60_000)
JS

cat >"$work/look.mjs" <<'JS'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program of ours, and the lines that it has printed. */
function start(...args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = []
  child.stdout.setEncoding('utf8').on('data', (text) => lines.push(...text.trim().split('\n')))
  return { child, lines }
}

/** What the other one has printed ten seconds after one of them was frozen. */
async function frozen(which) {
  const server = start('server.mjs')
  await once(server.child.stdout, 'data')
  const client = start('client.mjs', server.lines[0])
  await sleep(3000)
  assert.ok(client.lines.includes('next'))
  const [struck, other] = which === 'server' ? [server, client] : [client, server]
  other.lines.length = 0
  struck.child.kill('SIGSTOP')
  await sleep(10_000)
  for (const { child } of [server, client]) child.kill('SIGKILL')
  console.log(`${which} frozen for 10 s; the other end says: ${other.lines.join(', ') || 'nothing'}`)
  return other.lines
}

const [byClient, byServer] = await Promise.all([frozen('server'), frozen('client')])
assert.deepEqual(byServer, ['dropped'])
assert.ok(byClient.length <= 1 && byClient.every((line) => line === 'ping'))
JS
cd "$work"
timeout 40 node look.mjs
