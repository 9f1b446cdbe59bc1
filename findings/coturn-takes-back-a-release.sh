#!/usr/bin/env bash
# coturn says that an allocation is released, and gives it back to whoever asks within the second
#
# One would guess: Refresh with LIFETIME 0 ends a TURN allocation. A Refresh that comes after the answer, since UDP had
#   held it back or because two timers of a client disagree, is answered 437 Allocation Mismatch.
# What happens: the answer says LIFETIME 0, but the server only shortens the allocation's life to one second. Any Refresh
#   in that second revives it, with its relay port, for the full ten minutes. After the second it is 437.
# Seen with: coturn 4.6.1 of Debian 12
# Source: RFC 8656, 7.1 and 7.2: a lifetime of 0 deletes the allocation, and at once. In coturn's
#   src/server/ns_turn_server.c, refresh_relay_connection() makes 1 of a lifetime below 1.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program ss iproute2
debian_program turnserver coturn
echo "coturn $(turnserver --version 2>&1 | tail -n 1)"

cat >"$work/turn.mjs" <<'JS'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const [ALLOCATE, REFRESH] = [0x0003, 0x0004]
const [ERROR_CODE, LIFETIME, REQUESTED_TRANSPORT] = [0x0009, 0x000d, 0x0019]
const MAGIC_COOKIE = 0x2112a442

const socket = dgram.createSocket('udp4')
socket.connect(3478, '127.0.0.1')
await once(socket, 'connect')

/** One request with one attribute of four bytes; the answer's lifetime, or its error. */
async function ask(method, attribute, value) {
  const request = Buffer.alloc(28)
  request.writeUInt16BE(method, 0)
  request.writeUInt16BE(8, 2)
  request.writeUInt32BE(MAGIC_COOKIE, 4)
  randomBytes(12).copy(request, 8)
  request.writeUInt16BE(attribute, 20)
  request.writeUInt16BE(4, 22)
  request.writeUInt32BE(value, 24)
  socket.send(request)
  const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(3000) })
  for (let at = 20; at < answer.length; at += 4 + ((answer.readUInt16BE(at + 2) + 3) & ~3)) {
    const type = answer.readUInt16BE(at)
    if (type === LIFETIME) return `lifetime ${answer.readUInt32BE(at + 4)}`
    if (type === ERROR_CODE) return `error ${answer[at + 6] * 100 + answer[at + 7]}`
  }
  return 'nothing'
}

const seen = []
async function step(words, method, attribute, value) {
  const answer = await ask(method, attribute, value)
  console.log(`${words}: ${answer}`)
  seen.push(answer)
}
const UDP = 17 << 24
await step('Allocate', ALLOCATE, REQUESTED_TRANSPORT, UDP)
await step('Refresh 0', REFRESH, LIFETIME, 0)
await sleep(3000)
await step('Refresh 600, three seconds later', REFRESH, LIFETIME, 600)
await step('Allocate', ALLOCATE, REQUESTED_TRANSPORT, UDP)
await step('Refresh 0', REFRESH, LIFETIME, 0)
await step('Refresh 600, at once', REFRESH, LIFETIME, 600)
await sleep(3000)
await step('Refresh 600, three seconds later', REFRESH, LIFETIME, 600)

const [, released, late, , releasedAgain, revived, alive] = seen
assert.deepEqual([released, late], ['lifetime 0', 'error 437'], 'released, and gone')
assert.deepEqual([releasedAgain, revived, alive], ['lifetime 0', 'lifetime 600', 'lifetime 600'], 'released, and alive')
process.exit()
JS

cat >"$work/both" <<'SH'
ip link set lo up
turnserver -n --no-auth --listening-ip 127.0.0.1 --relay-ip 127.0.0.1 --no-tls --no-dtls --no-cli --log-file stdout \
  --pidfile "$1/pid" --userdb "$1/users" >"$1/log" 2>&1 &
trap 'kill $!' EXIT
for _ in {1..100}; do
  if ss -ulnH 'sport = :3478' | grep -q .; then break; fi
  sleep 0.1
done
node "$1/turn.mjs"
SH
unshare --user --map-root-user --net timeout 40 bash "$work/both" "$work"
