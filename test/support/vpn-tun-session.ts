/**
 * Two ends of a VPN as a person starts them, each with a TUN device in a network namespace of its own, and a TCP
 * connection between the kernels inside. Started by vpn-peer.test.ts; reports what arrived.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { environmentWithSbin } from '../../src/hosts/commands.ts'
import { keyPair } from '../../src/protocols/wireguard/primitives.ts'

export interface TunReport {
  sentHash: string
  receivedHash: string
  /** From SIGINT until the process was gone, and what it ended with. */
  endedMs: number
  status: number | null
}

const BYTES = 3_000_000
const ENV = environmentWithSbin()
const OTHER = 'other'
/** Prints the hash of what a connection brought, and ends. */
const RECEIVER = `const hash = require('node:crypto').createHash('sha256')
require('node:net').createServer((socket) => {
  socket.on('data', (data) => hash.update(data)).on('end', () => { console.log(hash.digest('hex')); process.exit() })
}).listen(9000, () => console.log('listening'))`

function run(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { env: ENV, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

const keys = [keyPair(), keyPair()] as const
const folder = mkdtempSync(join(tmpdir(), 'stillhere-vpn-'))
function confOf(own: 0 | 1, peerInside: string, endpoint: string): string {
  const file = join(folder, `${own}.conf`)
  const [mine, other] = [keys[own], keys[own === 0 ? 1 : 0]]
  writeFileSync(
    file,
    `[Interface]
PrivateKey = ${mine.private.toString('base64')}
ListenPort = 51820
[Peer]
PublicKey = ${other.public.toString('base64')}
AllowedIPs = ${peerInside}/32
${endpoint}
`,
    { mode: 0o600 },
  )
  return file
}

/** Resolves when the program has printed that it is ready. */
async function startPeer(prefix: string[], conf: string, tun: string): Promise<ChildProcess> {
  const program = [
    process.execPath,
    '--import',
    'tsx',
    'src/programs/vpn-peer.ts',
    '--conf',
    conf,
    '--tun',
    tun,
  ]
  const [command = '', ...args] = [...prefix, ...program]
  const child = spawn(command, args, { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (text) => {
      printed += text
      if (printed.includes('program:ready')) resolve()
    })
    child.once('exit', (status) => reject(new Error(`vpn-peer ended with ${status}`)))
  })
  return child
}

run(`mount -t tmpfs none /run && mkdir /run/netns && ip netns add ${OTHER} && ip link set lo up
  ip link add v0 type veth peer name v1 netns ${OTHER} && ip address add 10.1.0.1/24 dev v0 && ip link set v0 up
  ip -n ${OTHER} address add 10.1.0.2/24 dev v1 && ip -n ${OTHER} link set v1 up && ip -n ${OTHER} link set lo up`)
const inOther = ['ip', 'netns', 'exec', OTHER]
const here = await startPeer([], confOf(0, '10.9.0.2', 'Endpoint = 10.1.0.2:51820'), 'wghere')
const there = await startPeer(inOther, confOf(1, '10.9.0.1', ''), 'wgthere')
run(`ip address add 10.9.0.1/24 dev wghere && ip link set wghere mtu 1420 up
  ip -n ${OTHER} address add 10.9.0.2/24 dev wgthere && ip -n ${OTHER} link set wgthere mtu 1420 up`)

const [command = '', ...args] = [...inOther, process.execPath, '-e', RECEIVER]
const receiver = spawn(command, args, { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] })
await once(receiver.stdout, 'data')
const hashed = once(receiver.stdout, 'data')
const bytes = randomBytes(BYTES)
connect(9000, '10.9.0.2').end(bytes)
const receivedHash = String((await hashed)[0]).trim()

const began = performance.now()
const ended = once(here, 'exit')
here.kill('SIGINT')
const [status] = await Promise.race([ended, delay(10_000, [null])])
const endedMs = performance.now() - began
there.kill('SIGINT')
const report: TunReport = {
  sentHash: createHash('sha256').update(bytes).digest('hex'),
  receivedHash,
  endedMs,
  status,
}
process.stdout.write(JSON.stringify(report))
process.exit()
