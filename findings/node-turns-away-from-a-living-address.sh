#!/usr/bin/env bash
# One lost packet, and Node cannot reach a server that is there
#
# One would guess: a host with an IPv6 and an IPv4 address is reachable while one of the two works. "Happy Eyeballs"
#   (RFC 8305, section 5) starts the second attempt beside the first, and takes whichever answers. A lost SYN is sent
#   again after a second by the kernel.
# What happens: Node gives each address but the last 250 ms, then closes that attempt and tries the next. If the first
#   SYN is lost, or the handshake takes longer than that (a satellite, a far continent), it has turned away from the one
#   address that works, and waits for the dead one until the kernel gives up: ETIMEDOUT. autoSelectFamily, which is
#   on, makes a host unreachable that would have been reached without it.
# Seen with: Node 20.20.2. Controls: the same Node with autoSelectFamily: false, and curl 7.88.1 of Debian 12, which
#   lets both attempts run: 1.0 s each.
# Source: lib/net.js, internalConnectMultipleTimeout(); the documentation calls it "loosely implements".
#   https://github.com/nodejs/node/issues/54359, https://github.com/nodejs/node/issues/48145
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program nft nftables
debian_program curl curl
node_release 20.20.2

cat >"$work/first-syn-is-lost.nft" <<'NFT'
table inet fault
delete table inet fault
table inet fault {
  chain input {
    type filter hook input priority 0
    ip daddr 127.0.0.2 tcp dport 7000 drop
    ip6 daddr ::1 tcp dport 7000 tcp flags & (syn | ack) == syn limit rate 1/hour burst 1 packets drop
  }
}
NFT

cat >"$work/connect.mjs" <<'JS'
import assert from 'node:assert/strict'
import { execFileSync, execFile } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { promisify } from 'node:util'

const server = http.createServer((_, response) => response.end('ok')).listen(7000, '::')
await once(server, 'listening')

// What a name server would answer: ::1 is alive, 127.0.0.2 drops everything.
const addresses = [{ address: '::1', family: 6 }, { address: '127.0.0.2', family: 4 }]
const lookup = (_, { all }, done) => (all ? done(null, addresses) : done(null, '::1', 6))

/** One attempt to reach the server after which the first SYN to ::1 has been lost: how it ended, and after how long. */
async function attempt(name, connect) {
  execFileSync('nft', ['-f', `${import.meta.dirname}/first-syn-is-lost.nft`])
  const start = performance.now()
  const outcome = await connect()
  const seconds = (performance.now() - start) / 1000
  console.log(`${name}: ${outcome} after ${seconds.toFixed(2)} s`)
  return { outcome, seconds }
}

const node = (autoSelectFamily) => () =>
  new Promise((resolve) => {
    const socket = net.connect({ host: 'server.test', port: 7000, lookup, autoSelectFamily })
    socket.on('connectionAttemptTimeout', (address) => console.log(`  turned away from ${address}`))
    socket.on('connect', () => { resolve(`connected to ${socket.remoteAddress}`); socket.destroy() })
    socket.on('error', (error) => resolve(error.code))
  })
const curl = () =>
  promisify(execFile)('curl', ['-sS', '-m', '9', '--noproxy', '*', '--resolve', 'server.test:7000:[::1],127.0.0.2',
    '-w', ' from %{remote_ip}', 'http://server.test:7000/']).then(({ stdout }) => stdout, (error) => `exit status ${error.code}`)

console.log(`Node ${process.version}`)
const first = await attempt('Node, autoSelectFamily: false', node(false))
const raced = await attempt('curl', curl)
const seen = await attempt('Node, autoSelectFamily: true', node(true))

assert.equal(first.outcome, 'connected to ::1')
assert.equal(raced.outcome, 'ok from ::1')
assert.equal(seen.outcome, 'ETIMEDOUT')
process.exit()
JS

# Three SYNs rather than seven, so that it does not take two minutes until the kernel gives up.
unshare --user --map-root-user --net sh -c "
  ip link set lo up && echo 2 >/proc/sys/net/ipv4/tcp_syn_retries && exec timeout 50 node '$work/connect.mjs'"
