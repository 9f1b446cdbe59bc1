#!/usr/bin/env bash
# primus: a client of the file that the server hands out notices a dead server; one of createSocket() waits for ever
#
# One would guess: createSocket() makes the client that the server's own file has, for a process that has no such file,
#   and it waits `pingTimeout` for a ping: 45 s unless set, as the README says of that option.
# What happens: in the server's file `pingTimeout` is one and a half times the server's `pingInterval`. In a client of
#   createSocket() it is `false`, even where createSocket() is told the `pingInterval`: no silence ever ends it. Only
#   `pingTimeout` among the options of the connection itself is heeded.
# Seen with: primus 8.0.9, ws 8.23.0
# Source: primus index.js, createSocket() sets `pingInterval: false`, and library() makes `pingTimeout : false` of that.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

npm_packages primus@8.0.9 ws@8.23.0

cat >"$work/server.mjs" <<'JS'
import { createServer } from 'node:http'
import Primus from 'primus'

const server = createServer()
const primus = new Primus(server, { transformer: 'websockets', pingInterval: 1000 })
primus.on('connection', (spark) => spark.write('hello'))
primus.save('handed-out.cjs')
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
JS

cat >"$work/look.mjs" <<'JS'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import Primus from 'primus'

const server = spawn(process.execPath, ['server.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] })
const [port] = await once(server.stdout.setEncoding('utf8'), 'data')
const told = { transformer: 'websockets', pingInterval: 1000 }

const HandedOut = createRequire(import.meta.url)('./handed-out.cjs')
const Created = Primus.createSocket(told)

/** A connected client, and what it says from then on. */
async function connect(name, Socket, options) {
  const client = new Socket(`http://127.0.0.1:${port.trim()}`, options)
  const events = []
  client.on('error', () => {})
  await once(client, 'data')
  client.on('offline', () => events.push('offline'))
  return { name, pingTimeout: client.options.pingTimeout, events }
}

const clients = await Promise.all([
  connect('the file of the server', HandedOut, {}),
  connect('createSocket', Created, {}),
  connect('createSocket, pingTimeout 1500', Created, { pingTimeout: 1500 }),
])
server.kill('SIGSTOP')
await sleep(10_000)
server.kill('SIGKILL')
for (const { name, pingTimeout, events } of clients) {
  console.log(`${name}: pingTimeout ${pingTimeout}; server frozen for 10 s: ${events[0] ?? 'nothing'}`)
}
assert.deepEqual(clients.map(({ pingTimeout }) => pingTimeout), [1500, false, 1500])
assert.deepEqual(clients.map(({ events }) => events[0]), ['offline', undefined, 'offline'])
process.exit(0)
JS
cd "$work"
timeout 40 node look.mjs
