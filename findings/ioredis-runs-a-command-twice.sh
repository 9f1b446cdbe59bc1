#!/usr/bin/env bash
# ioredis runs INCR twice, and resolves with 2
#
# One would guess: a command whose connection is lost before the answer is rejected, since nobody knows whether it ran;
#   or it is sent again only if that does no harm.
# What happens: ioredis keeps every unanswered command and sends it again over the next connection, INCR and LPUSH
#   like GET. The promise then resolves as if nothing had been: the counter has gone up by two. Switched off, it drops
#   the command and its promise: neither resolved nor rejected, while the client goes on serving others.
# Seen with: ioredis 6.0.0, redis-server 7.0.15 of Debian 12. Control: @redis/client 6.3.1 rejects, and 1 is kept.
# Source: lib/redis/event_handler.ts, closeHandler() and readyHandler() ("resend %d unfulfilled commands"); its README
#   calls the option autoResendUnfulfilledCommands.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program redis-server redis-server
redis-server --version
npm_packages ioredis@6.0.0 @redis/client@6.3.1

cat >"$work/incr.mjs" <<'JS'
import assert from 'node:assert/strict'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'
import Redis from 'ioredis'

// Between a client and the server: one INCR reaches the server, and its answer is lost with the connection.
let struck = false
const middle = net.createServer((client) => {
  const upstream = net.connect(`${import.meta.dirname}/redis.sock`)
  let incr = false
  client.on('data', (data) => {
    incr = /incr/i.test(data)
    upstream.write(data)
  })
  upstream.on('data', (data) => {
    if (incr && !struck) {
      struck = true
      client.destroy()
      upstream.destroy()
    } else client.write(data)
  })
  for (const end of [client, upstream]) end.on('error', () => {}).on('close', () => { client.destroy(); upstream.destroy() })
})
await new Promise((resolve) => middle.listen(0, '127.0.0.1', resolve))
const { port } = middle.address()

/** What has become of one INCR after three seconds at most, and what the counter says afterwards. */
async function incr(name, client) {
  struck = false
  const answer = client.incr(name).catch((error) => `rejected: ${error.message}`)
  const outcome = await Promise.race([answer, sleep(3000, 'pending')])
  await sleep(500)
  const counter = await client.get(name)
  console.log(`${name}: one incr() ${typeof outcome === 'number' ? `resolved with ${outcome}` : `is ${outcome}`}; the counter is ${counter}`)
  return { outcome, counter }
}

const nodeRedis = createClient({ socket: { host: '127.0.0.1', port } }).on('error', () => {})
await nodeRedis.connect()
const control = await incr('@redis/client', nodeRedis)
const seen = await incr('ioredis', new Redis(port, '127.0.0.1'))
const switchedOff = new Redis(port, '127.0.0.1', { autoResendUnfulfilledCommands: false })
const dropped = await incr('ioredis, autoResendUnfulfilledCommands: false', switchedOff)

assert.match(String(control.outcome), /^rejected/)
assert.equal(control.counter, '1', '@redis/client: once')
assert.deepEqual(seen, { outcome: 2, counter: '2' }, 'ioredis: twice')
assert.deepEqual(dropped, { outcome: 'pending', counter: '1' }, 'ioredis, switched off: once, and never settled')
process.exit()
JS
redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" >"$work/redis.log" &
for _ in {1..100}; do
  if [[ -S $work/redis.sock ]]; then break; fi
  sleep 0.1
done
timeout 40 node "$work/incr.mjs"
