/**
 * All programs of one host in one process, asked by the lab over IPC. Nine mechanisms at both ends of
 * nine pairs would be 162 processes; so they are eighteen.
 */
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import { type Emitter, openEventLog } from '../events/emit.ts'
import type { EventName } from '../events/vocabulary.ts'
import { answerQuestions, tellParent } from '../hosts/questions.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { measureEcho } from '../programs/parts/echo-series.ts'
import { EventMemory } from '../programs/parts/event-memory.ts'
import type { Answers, Program } from '../programs/parts/program.ts'
import { startWayOut } from '../programs/parts/way-out.ts'
import { clients, programName, servers } from '../programs/registry.ts'
import type {
  FromHost,
  HostIdentity,
  HostRequests,
  Mechanism,
  Ports,
} from '../programs/scripts/host-messages.ts'
import { type ScriptRequests, scripts } from '../programs/scripts/registry.ts'

/** Ten connections on one host come up in milliseconds; a machine that needs longer cannot run a lab. */
const CONNECT_LIMIT_MS = 10_000

const identity = JSON.parse(process.argv[2] ?? '{}') as HostIdentity
const log = openEventLog({ ...identity, file: identity.eventFile })
const memory = new EventMemory()
const emitterOf = (program: string) => memory.remember(log.emitter(program))
const emit = emitterOf('host')
const running = new Map<Mechanism, Program>()
const scripted = Object.values(scripts).map((script) => script({ address: identity.address, emitterOf }))
let wayOut: Promise<number> | null = null
const allPrograms = () => [...running.values(), ...scripted]

const answer: Answers<HostRequests> = {
  ...(Object.assign({}, ...scripted.map((script) => script.answer)) as Answers<ScriptRequests>),

  async serve({ mechanisms, ports }) {
    const opened: Ports = {}
    for (const mechanism of mechanisms) {
      const at = { mechanism, host: identity.address, port: ports[mechanism] ?? 0 }
      const program = await servers[mechanism](at, emitterOf(programName[mechanism].server))
      running.set(mechanism, program)
      opened[mechanism] = program.port
    }
    emit('program:ready', { ports: opened as Record<string, number> })
    return opened
  },

  async connect({ mechanisms, address, ports, settings }) {
    const up = mechanisms.map(async (mechanism) => {
      const { seen, emitter } = whenUp(emitterOf(programName[mechanism].client))
      const at = { mechanism, host: address, port: ports[mechanism] ?? 0 }
      running.set(mechanism, await clients[mechanism](at, emitter, settings))
      const late = AbortSignal.timeout(CONNECT_LIMIT_MS)
      await Promise.race([
        seen,
        once(late, 'abort').then(() =>
          Promise.reject(new Error(`${mechanism} does not connect to ${address}:${at.port}`)),
        ),
      ])
    })
    await Promise.all(up)
    return null
  },

  async observe() {
    for (const program of allPrograms()) program.observe()
    return null
  },

  async write({ mechanisms }) {
    for (const mechanism of mechanisms) running.get(mechanism)?.write()
    return null
  },

  async reset() {
    for (const program of allPrograms()) program.reset()
    return null
  },

  probe: ({ address, port, withinMs }) => probe(address, port, withinMs),

  untilEvent: ({ wanted, withinMs }) => memory.until(wanted, withinMs),

  measure: measureEcho,

  async openWayOut({ path }) {
    wayOut ??= startWayOut(path)
    return { port: await wayOut }
  },

  async exit() {
    emit('program:stopping', { because: 'the lab asked' })
    await Promise.all(allPrograms().map((program) => program.close()))
    process.exit(0)
  },
}

answerQuestions<HostRequests>(answer)
// The lab is gone, and a host without a lab has no reason to be.
process.on('disconnect', () => process.exit(0))
// Ctrl-C in a terminal reaches us too; it is the lab that decides how to end.
process.on('SIGINT', () => {})
void start()

async function start(): Promise<void> {
  emit('program:started', { node: process.version, mechanisms: [] })
  emit('kernel:sysctls_read', { values: readSysctls() })
  tellParent({ started: { echoPort: await startEcho() } } satisfies FromHost)
}

/** An emitter that also tells when its program has a peer, or, having none, has sent something. */
function whenUp(inner: Emitter): { seen: Promise<void>; emitter: Emitter } {
  let resolve = () => {}
  const seen = new Promise<void>((resolved) => {
    resolve = resolved
  })
  const emitter: Emitter = (name, data, groupId) => {
    inner(name, data, groupId)
    const isUp: EventName[] = ['udp:datagram_sent']
    if (isUp.includes(name) || (name === 'belief:updated' && 'new' in data && data.new === 'up')) resolve()
  }
  return { seen, emitter }
}

/** Sends every datagram back: how the lab finds out, apart from the mechanisms, whether a host answers. */
async function startEcho(): Promise<number> {
  const socket = dgram.createSocket('udp4')
  socket.on('message', (message, { port, address }) => socket.send(message, port, address))
  socket.on('error', () => {})
  socket.bind(0, identity.address)
  await once(socket, 'listening')
  return socket.address().port
}

async function probe(address: string, port: number, withinMs: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4')
  socket.on('error', () => {})
  try {
    socket.send('probe', port, address)
    await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) })
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
