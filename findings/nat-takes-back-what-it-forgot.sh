#!/usr/bin/env bash
# A NAT that has forgotten a connection takes it back, if the inside speaks first
#
# One would guess: when a NAT's entry has expired, the connection is lost whoever speaks next; one waits for a reset, or
#   for nothing at all. So a test that lets entries expire shows what a forgetful NAT does to a program.
# What happens: Linux makes a new entry of any segment in the middle of a connection that comes from the inside, and
#   masquerade gives it the same port again. The far end notices nothing, and the connection lives on. The same
#   connection, forgotten again, dies at once (RST) if the far end speaks first: a server that pushes loses clients that
#   a server that is asked keeps.
# Seen with: Linux 6.18, nft 1.0.6 of Debian 12. Control: with nf_conntrack_tcp_loose=0 the inside cannot either.
# Source: Documentation/networking/nf_conntrack-sysctl.rst, nf_conntrack_tcp_loose ("already established connections");
#   tcp_new() in net/netfilter/nf_conntrack_proto_tcp.c
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program nft nftables
debian_program ip iproute2
debian_program conntrack conntrack
uname -sr

# One end of a connection: what is typed is sent, what is received or goes wrong is printed. It ends with its standard input.
cat >"$work/end.mjs" <<'JS'
import net from 'node:net'
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin }).on('close', () => process.exit())
const talk = (socket) => {
  socket.on('data', (data) => console.log(`hears ${data}`)).on('error', (error) => console.log(`hears ${error.code}`))
  lines.on('line', (line) => socket.write(line))
  console.log('is connected')
}
if (process.argv[2] === 'server') net.createServer(talk).listen(7000, () => console.log('listens'))
else {
  const socket = net.connect(7000, '10.0.2.2', () => talk(socket))
}
JS

cat >"$work/nat.mjs" <<'JS'
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const [clientHost, serverHost] = process.argv.slice(2)

/** An end in the network namespace of that process, and the last line that it has printed. */
function start(role, host) {
  const child = spawn('nsenter', ['-n', '-t', host, process.execPath, `${import.meta.dirname}/end.mjs`, role])
  const end = { last: '', say: (line) => child.stdin.write(`${line}\n`), stop: () => child.stdin.end() }
  child.stdout.on('data', (data) => { end.last = String(data).trim().split('\n').at(-1) })
  return end
}
async function until(condition) {
  for (let tries = 0; tries < 100 && !condition(); tries++) await sleep(100)
  assert(condition(), 'waited for ten seconds')
}
const entries = () => execFileSync('conntrack', ['-L', '-p', 'tcp'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const forgotten = () => until(() => entries() === '')

/** A new connection that the router has forgotten; then one end speaks: what the two hear. */
async function connection(loose) {
  writeFileSync('/proc/sys/net/netfilter/nf_conntrack_tcp_loose', loose)
  const server = start('server', serverHost)
  await until(() => server.last === 'listens')
  const client = start('client', clientHost)
  await until(() => client.last === 'is connected' && server.last === 'is connected')
  const speak = async (speaker, name) => {
    await forgotten()
    client.last = server.last = 'hears nothing'
    speaker.say(`hello-from-${name}`)
    await sleep(1000)
    console.log(`tcp_loose ${loose}, forgotten, the ${name} speaks: client ${client.last}, server ${server.last}`)
    return { client: client.last, server: server.last }
  }
  const stop = () => { client.stop(); server.stop() }
  return { clientSpeaks: () => speak(client, 'client'), serverSpeaks: () => speak(server, 'server'), stop }
}

const loose = await connection('1')
const takenBack = await loose.clientSpeaks()
const pushed = await loose.serverSpeaks()
loose.stop()
await sleep(200)
const strict = await connection('0')
const refused = await strict.clientSpeaks()
strict.stop()

assert.deepEqual(takenBack, { client: 'hears nothing', server: 'hears hello-from-client' })
assert.equal(pushed.server, 'hears ECONNRESET')
assert.deepEqual(refused, { client: 'hears ECONNRESET', server: 'hears nothing' })
process.exit()
JS

# The router is this namespace; inside and outside are two more, each held open by a process that sleeps.
cat >"$work/router" <<'SH'
set -e
unshare --net sleep 60 & inside=$!
unshare --net sleep 60 & outside=$!
trap 'kill $inside $outside' EXIT
sleep 0.5
ip link add inside type veth peer name eth0 netns $inside
ip link add outside type veth peer name eth0 netns $outside
ip addr add 10.0.1.1/24 dev inside && ip link set inside up
ip addr add 10.0.2.1/24 dev outside && ip link set outside up
on() { nsenter --net --target "$@"; }
on $inside ip addr add 10.0.1.2/24 dev eth0 && on $inside ip link set eth0 up
on $inside ip route add default via 10.0.1.1
on $outside ip addr add 10.0.2.2/24 dev eth0 && on $outside ip link set eth0 up
on $outside ip route add default via 10.0.2.1
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 2 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established
nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "outside" masquerade; }; }'
node "$(dirname "$0")/nat.mjs" $inside $outside
SH
unshare --user --map-root-user --net timeout 50 bash "$work/router"
