/**
 * Two hosts that talk, then one is cut off and both go on talking, all of it captured. Started by
 * capture.test.ts inside namespaces of its own: argv is one JSON object, {folder, host, capture}.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { openEventLog } from '../../src/events/emit.ts'
import type { Host } from '../../src/hosts/host.ts'
import { HostProcess } from '../../src/hosts/host-process.ts'
import { netnsHosts } from '../../src/hosts/netns.ts'
import { CaptureProcess } from '../../src/kernel/capture/capture-process.ts'

const { folder, host: hostBundle, capture: captureBundle } = JSON.parse(process.argv[2] ?? '{}')
const about = { run: 'test', lab: 'test' }
const log = openEventLog({ ...about, file: `${folder}/events/lab.1.ndjson`, host: 'lab', incarnation: 1 })
const emit = log.emitter('lab')
const capture = await CaptureProcess.start(captureBundle, { ...about, folder }, log)
const watcher = {
  wired: ({ name }: Host) => capture.watch({ name, incarnation: 1 }),
  translated: async () => {},
}
const unwanted = () => Promise.reject(new Error('nothing but a switch is wanted'))
const hosts = await netnsHosts({}, log, watcher, { cables: unwanted, switches: unwanted })
const pair = await hosts.bootPair('test')
const { network } = hosts
if (pair === undefined || network === null) throw new Error('no hosts')

const processes = await Promise.all(
  [pair.a, pair.b].map(async (host) => {
    host.incarnation += 1
    return HostProcess.start(host.commandPrefix, hostBundle, {
      ...about,
      host: host.name,
      incarnation: host.incarnation,
      address: host.address,
      eventFile: `${folder}/events/${host.name}.${host.incarnation}.ndjson`,
    })
  }),
)
const [a, b] = processes
if (a === undefined || b === undefined) throw new Error('no processes')
const settings = { keepalive: { idleMs: 1000, intervalMs: 1000, probes: 3 }, userTimeoutMs: 5000 }
const mechanisms = ['udp', 'tcp-idle', 'tcp-keepalive', 'tcp-heartbeat', 'http-session', 'websocket'] as const
const ports = await b.ask('serve', { mechanisms: [...mechanisms], ports: {} })
await capture.label(
  Object.fromEntries(
    Object.entries(ports).map(([mechanism, port]) => [`${pair.b.address}:${port}`, mechanism]),
  ),
)
await a.ask('connect', { mechanisms: [...mechanisms], address: pair.b.address, ports, settings })
// A probe repeats the last byte: without one tshark does not know it for what it is.
await a.ask('write', { mechanisms: ['tcp-keepalive'] })
// Long enough for a keepalive probe and its answer.
await delay(1500)
await network.unplug(pair.b)
emit('run:progressed', { message: 'cut' })
await a.ask('write', { mechanisms: ['udp', 'tcp-idle'] })
await delay(1500)
for (const each of processes) each.signal('SIGKILL')
await Promise.all(processes.map((each) => each.exited))
await capture.stop()
process.exit()
