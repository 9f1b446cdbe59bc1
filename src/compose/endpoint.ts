/**
 * The one process of a `server` or `client` container: all nine servers, or a client of each.
 *
 *     node endpoint.mjs server
 *     node endpoint.mjs client
 *
 * It knows nothing of faults: it opens sockets, believes what reaches it, and writes that down.
 */
import { statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { conditionsOf } from '../../labs/keepalive/conditions.ts'
import type { Emitter, EventLog } from '../events/emit.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { programName, servers } from '../programs/registry.ts'
import { type ClientSettings, type Mechanism, mechanisms } from '../programs/scripts/host-messages.ts'
import { KernelObserver } from '../rig/kernel-observer.ts'
import { SERVER_PORTS } from './constants.ts'
import { Conversation } from './conversation.ts'
import { claimName, joinSession, openEvents, SESSION_FOLDER } from './session.ts'

/** Options and round-trip times are what predictions are made of: read this often, they are never old. */
const OBSERVE_EVERY_MS = 2000
/** If nothing is heard of a container for longer, it does not run. */
const RUNNING_EVERY_MS = 1000
/**
 * The session's folder is memory. A client writes some 20 KB of events a second: after two hours it has said
 * enough, and `docker compose restart` begins a new file.
 */
const EVENT_FILE_BYTES_MAX = 128_000_000
/** `docker compose stop` allows it ten seconds; ours end in two. */
const STOP_LIMIT_MS = 1500

/** What an endpoint runs: its programs, or its conversations. */
interface Part {
  observe(): void
  close(): Promise<void>
}

const role = process.argv[2]
if (role !== 'server' && role !== 'client') {
  process.stderr.write('endpoint: say which: "server" or "client"\n')
  process.exit(2)
}
void main(role)

async function main(role: 'server' | 'client'): Promise<void> {
  const session = await joinSession(SESSION_FOLDER)
  const name = role === 'server' ? 'server' : claimName(SESSION_FOLDER, 'client', hostname())
  const { log, file, incarnation } = openEvents(SESSION_FOLDER, session, name)
  const emit = log.emitter('host')
  emit('program:started', { node: process.version, mechanisms: [...mechanisms] })
  emit('container:entered', { service: role, container: hostname(), address: ownAddress() })
  emit('kernel:sysctls_read', { values: readSysctls() })

  const kernel = new KernelObserver(log, 'compose')
  kernel.watch({ name, incarnation }, process.pid)
  for (const [mechanism, port] of Object.entries(SERVER_PORTS)) {
    kernel.learn({ name }, role === 'server' ? 'own' : 'remote', `*:${port}`, mechanism)
  }
  const parts = role === 'server' ? await serve(log) : await converse(log)
  emit('program:ready', { ports: role === 'server' ? SERVER_PORTS : {} })
  process.stdout.write(
    `${name}: ${mechanisms.length} ${role === 'server' ? 'servers listen' : 'clients speak'}\n`,
  )

  const observing = setInterval(() => {
    for (const part of parts) part.observe()
    if (statSync(file).size > EVENT_FILE_BYTES_MAX) stop('its event file is full: docker compose restart')
  }, OBSERVE_EVERY_MS)
  const running = setInterval(() => emit('program:running', {}), RUNNING_EVERY_MS)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal))

  let stopping = false
  function stop(because: string): void {
    if (stopping) return
    stopping = true
    clearInterval(observing)
    clearInterval(running)
    void stopAll(parts, kernel, emit, because)
  }
}

async function stopAll(parts: readonly Part[], kernel: KernelObserver, emit: Emitter, because: string) {
  emit('program:stopping', { because })
  process.stdout.write(`ending: ${because}\n`)
  setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref()
  await Promise.all(parts.map((part) => part.close()))
  kernel.close()
  process.exit(0)
}

function serve(log: EventLog): Promise<Part[]> {
  return Promise.all(
    mechanisms.map((mechanism) =>
      servers[mechanism](
        { mechanism, host: '0.0.0.0', port: SERVER_PORTS[mechanism] },
        log.emitter(programName[mechanism].server),
      ),
    ),
  )
}

async function converse(log: EventLog): Promise<Part[]> {
  const host = process.env.STILLHERE_SERVER
  if (host === undefined) throw new Error('STILLHERE_SERVER is not set: where is the server?')
  // The same settings as the lab in namespaces: what they lead to is its to predict.
  const { settings } = conditionsOf({ pace: 'quick', mechanisms: [...mechanisms] }, readSysctls())
  return Promise.all(mechanisms.map((mechanism) => begin(mechanism, host, settings, log)))
}

async function begin(
  mechanism: Mechanism,
  host: string,
  settings: ClientSettings,
  log: EventLog,
): Promise<Part> {
  const emit = log.emitter(programName[mechanism].client)
  const conversation = new Conversation(mechanism, { host, port: SERVER_PORTS[mechanism] }, settings, emit)
  await conversation.begin()
  return { observe: () => conversation.observe(), close: () => conversation.end() }
}

/** A container of ours has one network card. */
function ownAddress(): string {
  const cards = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return cards.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '?'
}
