#!/usr/bin/env bash
# setKeepAlive(true, 1000) finds a dead peer after 11 seconds, setKeepAlive(true, 999) after two hours
#
# One would guess: the delay is that of the first probe, and what follows is the system's: 9 probes, 75 s apart. So
#   1000 ms would find a dead peer after 11 minutes and 16 s, and 999 ms a little sooner. Or both after 2 h 11 min.
# What happens: the delay is rounded down to whole seconds. One second or more also sets the other two times, which Node
#   offers no way to choose: 10 probes, 1 s apart. So the dead peer is found after 1 + 10 s. Less than a second becomes
#   0, which sets none of the three and is no error: the system's 7200 s + 9 x 75 s, as with setKeepAlive(true).
#   Drivers of databases pass on whatever delay they are given.
# Seen with: Node 20.20.2; Node 24.22.3 and 26.12.1 do the same.
# Source: Node's documentation of socket.setKeepAlive lists TCP_KEEPCNT=10 and TCP_KEEPINTVL=1, but not the rounding:
#   lib/net.js divides by 1000 and drops the rest, and uv__tcp_keepalive() of libuv's src/unix/tcp.c sets the rest.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program nft nftables
debian_program ss iproute2
node_release 20.20.2

cat >"$work/keepalive.mjs" <<'JS'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const server = net.createServer((socket) => socket.on('error', () => {})).listen(7000, '127.0.0.1')
await once(server, 'listening')

/** An idle connection; `ended` is when its kernel said that the peer does not answer, in seconds after the cut. */
async function connect(...delay) {
  const socket = net.connect(7000, '127.0.0.1')
  await once(socket, 'connect')
  socket.setKeepAlive(true, ...delay)
  const connection = { name: `setKeepAlive(${['true', ...delay].join(', ')})`, port: socket.localPort, ended: null }
  socket.on('error', (error) => { connection.ended = { code: error.code, seconds: (performance.now() - cut) / 1000 } })
  return connection
}

console.log(`Node ${process.version}`)
const [none, short, long] = [await connect(), await connect(999), await connect(1000)]
execFileSync('nft', ['add table inet cut; add chain inet cut input { type filter hook input priority 0; policy drop; }'])
const cut = performance.now()
await sleep(13_000)

for (const { name, port, ended } of [none, short, long]) {
  const timer = execFileSync('ss', ['-tnoH', 'sport', '=', String(port)], { encoding: 'utf8' }).match(/timer:\S+/)
  console.log(`${name}: ${ended ? `${ended.code} ${ended.seconds.toFixed(1)} s after the cut` : `ESTABLISHED, ${timer}`}`)
}
assert.equal(none.ended, null)
assert.equal(short.ended, null)
assert.equal(long.ended?.code, 'ETIMEDOUT')
assert(long.ended.seconds > 9.5 && long.ended.seconds < 12.8)
process.exit()
JS

unshare --user --map-root-user --net sh -c "
  ip link set lo up && exec timeout 40 node '$work/keepalive.mjs'"
