/**
 * A client of the session protocol over TCP or UDP. Its connection may die as often as it likes: it makes another
 * and goes on with its session, until somebody says that the session is over.
 *
 * With a state file it keeps its session, its secret too, before it sends anything that relies on it; killed and
 * started again it goes on where it was. Without one it starts anew, and nobody can tell what became of its messages.
 */
import { randomBytes } from 'node:crypto'
import * as dgram from 'node:dgram'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import type { Emitter } from '../events/emit.ts'
import { printable } from '../foreign/printable.ts'
import { UsageError } from '../foreign/usage.ts'
import type { HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { type ClientAction, SessionClient } from '../protocols/session/client.ts'
import { TOKEN_HEX_DIGITS } from '../protocols/session/constants.ts'
import { lineReader, parseLine } from '../protocols/session/lines.ts'
import { PeerBelief } from './parts/belief.ts'
import { connectFlags, connectOptions, ipv4Address, runByHand, runsAsFile } from './parts/command-line.ts'
import { guard } from './parts/liveness.ts'
import { logClientAction, logSaid } from './parts/session-events.ts'
import { DueTimer, sendLine } from './parts/session-timing.ts'
import { addressesOf, errorData, groupIdOf, openTcp, reportTcp } from './parts/tcp-events.ts'
import { closeUdp, connectUdp } from './parts/udp-socket.ts'
import { type CarrierName, carriers } from './session-server.ts'

export interface SessionClientOptions {
  mechanism: string
  carrier: CarrierName
  host: string
  port: number
  /** The one that leads to the server where left out. */
  localAddress?: string | undefined
  timing?: HeartbeatTiming | undefined
  /** Where the session survives this process. It holds the secret. */
  stateFile?: string | undefined
}

export interface SessionClientProgram {
  /** Local port of the connection that there is, or was. */
  readonly port: number
  /** `full`: wait for room, see {@link room}. */
  say(text: string): 'taken' | 'full' | 'over'
  /** Resolves when there is room in the queue again, or the session is over. */
  room(): Promise<void>
  /** Goes on over a new connection from another address of this host. The old one is not closed before. */
  move(localAddress: string): void
  /** Breaks the connection that there is: RST over TCP, a socket gone without a word over UDP. */
  drop(): void
  /** Says that the session is over. */
  leave(): void
  /** Ends this program; the session waits. */
  close(): Promise<void>
}

/** Between two attempts to connect: at first at once, then twice as long each time, and never all clients together. */
const RECONNECT_AFTER_MS = 50
export const RECONNECT_AFTER_MS_MAX = 800
/** A SYN that is not answered is repeated by the kernel after a second at the earliest; we ask anew. */
export const CONNECT_WITHIN_MS = 800

/** A state file as it is written; somebody may have written another. */
const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)))
const kept = v.object({
  session: v.nullable(hex(16)),
  graceMs: v.number(),
  token: hex(TOKEN_HEX_DIGITS),
  next: v.nullable(hex(TOKEN_HEX_DIGITS)),
  received: v.number(),
  acknowledged: v.number(),
  unacknowledged: v.array(v.string()),
})

/** One connection of the session. */
interface Link {
  port: number
  belief: PeerBelief
  send(line: string): void
  /** In order, as far as the carrier knows one. */
  close(): void
  /** Without a word. */
  abort(): void
}

/** Resolves when the first connection is being made. */
export async function startSessionClient(
  options: SessionClientOptions,
  emit: Emitter,
): Promise<SessionClientProgram> {
  const { mechanism, carrier, stateFile } = options
  const memory = stateFile === undefined ? undefined : readState(stateFile)
  const client = new SessionClient(
    {
      ...(options.timing === undefined ? {} : { timing: options.timing }),
      makeToken: () => randomBytes(TOKEN_HEX_DIGITS / 2).toString('hex'),
      memory,
    },
    performance.now(),
  )
  let link: Link | null = null
  let groupId = groupIdOf(mechanism, undefined)
  let { localAddress } = options
  let isClosed = false
  /** Attempts whose outcome is open. */
  let connecting = 0
  let waitMs = 0
  let reconnecting: NodeJS.Timeout | undefined
  let hasRoom = () => {}
  /** Received, and not kept yet. */
  const toHandOver: ClientAction[] = []
  const due = new DueTimer(
    () => client.dueAtMs,
    (nowMs) => perform(client.time(nowMs)),
  )
  guard.add(client, emit)
  if (memory?.session) emit('session:loaded', { session: memory.session, received: memory.received }, groupId)

  /** In their order: what is to be kept is kept before anything goes out. */
  function perform(actions: ClientAction[]): void {
    for (const action of actions) act(action)
    due.arm()
    const isAlone = client.state === 'new' || client.state === 'detached'
    const isTrying = reconnecting !== undefined || connecting > 0
    if (isAlone && !isTrying && link === null && !isClosed) connectSoon()
  }

  function act(action: ClientAction): void {
    if (action.do !== 'deliver') log(action)
    switch (action.do) {
      case 'save':
        if (stateFile !== undefined) writeState(stateFile, client)
        // Only now: a message that was handed over is one that will not come again.
        for (const each of toHandOver.splice(0)) log(each)
        break
      case 'send':
        link?.send(action.line)
        break
      case 'close':
        link?.close()
        link = null
        break
      case 'deliver':
        toHandOver.push(action)
        break
      case 'room':
        hasRoom()
        break
      case 'note-state':
        if (action.new === 'attached') waitMs = 0
        break
      case 'note-belief': {
        const { new: next, trigger, silentMs } = action.transition
        link?.belief.become(next, trigger, silentMs)
        break
      }
      case 'over':
        if (stateFile !== undefined) rmSync(stateFile, { force: true })
        hasRoom()
        break
    }
  }

  function log(action: ClientAction): void {
    logClientAction(action, client.session ?? '', emit, groupId)
  }

  function connectSoon(): void {
    // Half of it by chance: clients that lost their server together do not come back together.
    reconnecting = setTimeout(connect, waitMs / 2 + (Math.random() * waitMs) / 2)
    waitMs = Math.min(Math.max(RECONNECT_AFTER_MS, 2 * waitMs), RECONNECT_AFTER_MS_MAX)
  }

  function connect(): void {
    reconnecting = undefined
    connecting += 1
    const attempt = carrier === 'tcp' ? connectTcp() : connectDatagrams()
    attempt
      .catch((error: Error) => emit('udp:error_received', errorData(error), groupId))
      .finally(() => {
        connecting -= 1
        perform([])
      })
  }

  /** A connection is up: it takes the place of the one before, which may not know yet that it is over. */
  function begin(next: Link, as: 'stream' | 'datagrams'): void {
    const before = link
    link = next
    groupId = next.belief.groupId
    perform(client.connected(as, performance.now()))
    before?.abort()
  }

  function lose(lost: Link, because: string): void {
    if (link !== lost) return
    link = null
    perform(client.lost(because, performance.now()))
  }

  /** Resolves when it is up, or has failed. */
  async function connectTcp(): Promise<void> {
    await openTcp({ ...options, localAddress }, (socket) => {
      const belief = new PeerBelief(emit, groupIdOf(mechanism, socket.localPort))
      const own: Link = {
        port: socket.localPort ?? 0,
        belief,
        send: (line) => sendLine(socket, line),
        close: () => socket.destroySoon(),
        abort: () => socket.resetAndDestroy(),
      }
      reportTcp(socket, emit, belief.groupId, belief)
      belief.become('connecting', 'started')
      const reader = lineReader()
      socket.on('data', (chunk) => {
        reader.push(chunk)
        for (let line = reader.next(); line !== 'incomplete'; line = reader.next()) {
          if (link === own) perform(client.take(line, performance.now()))
        }
      })
      socket.once('close', () => lose(own, 'connection lost'))
      const limit = setTimeout(() => socket.destroy(), CONNECT_WITHIN_MS)
      return new Promise<void>((resolve) => {
        socket.once('close', () => {
          clearTimeout(limit)
          resolve()
        })
        socket.once('connect', () => {
          clearTimeout(limit)
          emit('tcp:connected', addressesOf(socket), belief.groupId)
          belief.become('up', 'connected')
          if (isClosed) socket.destroy()
          else begin(own, 'stream')
          resolve()
        })
      })
    })
  }

  /** Each connection has a socket of its own: what was sent to an earlier one cannot be taken for an answer. */
  async function connectDatagrams(): Promise<void> {
    const socket = dgram.createSocket('udp4')
    if (localAddress !== undefined) await new Promise<void>((bound) => socket.bind(0, localAddress, bound))
    const port = await connectUdp(socket, options)
    const belief = new PeerBelief(emit, groupIdOf(mechanism, port))
    let isOpen = true
    const close = () => {
      if (isOpen) void closeUdp(socket)
      isOpen = false
      belief.become('down', 'user_closed')
    }
    const failed = (error: Error) => {
      if (!isOpen) return
      emit('udp:error_received', errorData(error), belief.groupId)
      belief.become('down', 'econnrefused')
      close()
      lose(own, errorData(error).code)
    }
    const own: Link = {
      port,
      belief,
      send: (line) => {
        if (isOpen) socket.send(line, (error) => error && failed(error))
      },
      close,
      abort: close,
    }
    socket.on('error', failed)
    socket.on('message', (datagram) => {
      belief.become('up', 'heard')
      if (link === own) perform(client.take(parseLine(datagram.toString('latin1')), performance.now()))
    })
    emit(
      'udp:bound',
      { mechanism, local: `${socket.address().address}:${port}`, remote: `${options.host}:${options.port}` },
      belief.groupId,
    )
    belief.become('connecting', 'started')
    if (isClosed) close()
    else begin(own, 'datagrams')
  }

  connect()
  return {
    get port() {
      return link?.port ?? 0
    },
    say(text) {
      const said = client.say(text, performance.now())
      logSaid(said, client.session ?? '', text, emit, groupId)
      if (typeof said === 'string') return said
      perform(said.actions)
      return 'taken'
    },
    room: () =>
      new Promise((resolve) => {
        hasRoom = resolve
      }),
    move(to) {
      localAddress = to
      clearTimeout(reconnecting)
      connect()
    },
    drop() {
      const dropped = link
      if (dropped === null) return
      dropped.abort()
      lose(dropped, 'dropped')
    },
    leave: () => perform(client.close(performance.now())),
    async close() {
      isClosed = true
      clearTimeout(reconnecting)
      due.stop()
      guard.remove(client)
      link?.close()
      link = null
    },
  }
}

/** Nothing where there is no state, or none that can be understood: the client then starts anew. */
function readState(file: string): v.InferOutput<typeof kept> | undefined {
  try {
    const read = v.safeParse(kept, JSON.parse(readFileSync(file, 'utf8')))
    return read.success ? read.output : undefined
  } catch {
    return undefined
  }
}

/** The old state or the new one, whenever this process is killed; for its owner alone. */
function writeState(file: string, client: SessionClient): void {
  writeFileSync(`${file}.new`, JSON.stringify(client.memory), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'session-client',
    about: 'Says each line that you type, once and in order, over as many connections as it takes.',
    mechanism: 'session',
    flags: {
      ...connectFlags,
      carrier: { type: 'string', default: 'tcp', value: 'tcp|udp', help: 'what carries the lines' },
      local: { type: 'string', value: 'ADDRESS', help: 'from this address of this machine' },
      state: { type: 'string', value: 'FILE', help: 'keep the session there, to survive this process' },
    },
    async start(values, emit) {
      const carrier = carriers.find((each) => each === values.carrier)
      if (carrier === undefined) throw new UsageError('"--carrier" must be tcp or udp')
      const localAddress = values.local === undefined ? undefined : ipv4Address(values, 'local')
      const stateFile = values.state === undefined ? undefined : String(values.state)
      const options = { mechanism: 'session', carrier, ...connectOptions(values), localAddress, stateFile }
      const program = await startSessionClient(options, emit)
      const typed = createInterface({ input: process.stdin }).on('line', (line) => {
        try {
          program.say(line)
        } catch (error) {
          process.stderr.write(`${printable((error as Error).message)}\n`)
        }
      })
      return {
        port: program.port,
        close: async () => {
          typed.close()
          await program.close()
        },
      }
    },
  })
}
