/**
 * A server of the session protocol over TCP or UDP. Its application is a counter: it answers the third message of a
 * session with `3` and the message. So whoever counts the answers sees what was lost, doubled or overtaken.
 *
 * With a store it keeps each session, its count too, before it acknowledges; killed and started again it goes on.
 * Without one it has forgotten, and says so.
 */
import { randomBytes } from 'node:crypto'
import * as dgram from 'node:dgram'
import * as net from 'node:net'
import * as v from 'valibot'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import { portOf } from '../kernel/socket-table.ts'
import type { HeartbeatTiming } from '../protocols/heartbeat/constants.ts'
import { GRACE_MS, SESSION_ID_HEX_DIGITS, TEXT_CHARS_MAX } from '../protocols/session/constants.ts'
import { formatLine, lineReader, parseLine } from '../protocols/session/lines.ts'
import { type ServerAction, SessionServer } from '../protocols/session/server.ts'
import { openFolder } from '../store/open.ts'
import type { Json, Store } from '../store/store.ts'
import { PeerBelief } from './parts/belief.ts'
import { listenFlags, listenOptions, optionalInteger, runByHand, runsAsFile } from './parts/command-line.ts'
import { guard } from './parts/liveness.ts'
import type { Program } from './parts/program.ts'
import { logSaid, logServerAction } from './parts/session-events.ts'
import { DueTimer, sendLine } from './parts/session-timing.ts'
import { watchStrangers } from './parts/strangers.ts'
import {
  addressesOf,
  admitTcp,
  closeInOrder,
  errorData,
  groupIdOf,
  listen,
  reportTcp,
  stopListening,
} from './parts/tcp-events.ts'
import { bindUdp, closeUdp } from './parts/udp-socket.ts'

export const carriers = ['tcp', 'udp'] as const
/** What carries the lines. */
export type CarrierName = (typeof carriers)[number]

export interface SessionServerOptions {
  mechanism: string
  carrier: CarrierName
  host: string
  /** 0: any free one. */
  port: number
  timing?: HeartbeatTiming | undefined
  graceMs?: number | undefined
  /** Where sessions survive this process. */
  store?: Store | undefined
}

/** One connection, or one sender of datagrams. */
interface Link {
  send(line: string): void
  /** Says what was wrong with a line. On a stream only, where it goes to nobody but its sender. */
  complain?(problem: string): void
  close(): void
  belief: PeerBelief
  /** It has shown that a session is its own: from now on it is no stranger. */
  proved(): void
  /** Whether it may have forged its address. */
  mayBeForged(): boolean
}

/** A session as it is kept. */
const kept = v.object({
  tokenHash: v.string(),
  nextHash: v.nullable(v.string()),
  usedHash: v.nullable(v.string()),
  received: v.number(),
  acknowledged: v.number(),
  unacknowledged: v.array(v.string()),
  /** The application's: messages acted on. */
  count: v.number(),
})

/** Things to do that wait for the store: three for each message of a full queue, of some clients. */
const QUEUE_MAX = 1000

/** A dead server is waited for so long: what is kept has to be looked after even if nobody ever comes back. */
const KEPT_GRACES = 3

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, ...). */
export async function startSessionServer(options: SessionServerOptions, emit: Emitter): Promise<Program> {
  const { mechanism, carrier, store } = options
  const graceMs = options.graceMs ?? GRACE_MS
  const links = new Map<string, Link>()
  const counts = new Map<string, number>()
  const strangers = watchStrangers(emit)
  const server = new SessionServer({
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    graceMs,
    makeSessionId: () => randomBytes(SESSION_ID_HEX_DIGITS / 2).toString('hex'),
    makeChallenge: () => randomBytes(4).readUInt32BE(),
    canLoad: store !== undefined,
  })
  const due = new DueTimer(
    () => server.dueAtMs,
    (nowMs) => perform(server.time(nowMs)),
  )
  guard.add(server, emit)

  // ---- what the state machine wants -----------------------------------------------------------------

  /** Each with the moment at which it was decided: it may have to wait for the store. */
  let queue: { action: ServerAction; mono: bigint }[] = []
  let isWorking = false
  /** Readers of streams, until there is room in the queue. */
  const halted = new Set<() => void>()
  /** What the store did not take: sessions to keep, messages of theirs that the application has acted on. */
  const unkept = new Set<string>()
  const untold: typeof queue = []
  let isFailing = false

  /** Carries actions out in their order, a batch at a time: what comes while a batch is kept waits for the next. */
  function perform(actions: ServerAction[]): void {
    enqueue(actions)
    due.arm()
    if (!isWorking) void work()
  }

  function enqueue(actions: ServerAction[]): void {
    const mono = process.hrtime.bigint()
    queue.push(...actions.map((action) => ({ action, mono })))
  }

  async function work(): Promise<void> {
    isWorking = true
    while (queue.length > 0) {
      const batch = queue
      queue = []
      // The application acts first: its answers are kept in one step with the message, and go out after it.
      for (const { action } of batch) if (action.do === 'deliver') answer(action)
      for (const { action } of batch) {
        if (store !== undefined && (action.do === 'save' || action.do === 'forget'))
          unkept.add(action.session)
      }
      if (await keep()) {
        for (const { action, mono } of [...untold.splice(0), ...batch]) await act(action, mono)
      } else {
        // Nothing may go out that relies on what could not be kept.
        turnAway([...links.keys()])
        for (const each of batch) {
          if (each.action.do === 'deliver') untold.push(each)
          else if (!['send', 'close', 'load'].includes(each.action.do)) await act(each.action, each.mono)
        }
      }
      for (const read of [...halted]) {
        halted.delete(read)
        read()
      }
    }
    // In the same turn in which the queue was found empty: what comes next begins anew.
    isWorking = false
  }

  function answer({ session, connection, text }: Extract<ServerAction, { do: 'deliver' }>): void {
    const count = (counts.get(session) ?? 0) + 1
    counts.set(session, count)
    const answered = `${count} ${text}`.slice(0, TEXT_CHARS_MAX)
    const said = server.say(session, answered, performance.now())
    const groupId = groupIdOf(mechanism, connection === null ? undefined : portOf(connection))
    // Somebody who asks and never acknowledges the answers gets no more of them.
    logSaid(said, session, answered, emit, groupId)
    if (typeof said === 'string') return
    // It is kept with the message, in this batch.
    enqueue(said.actions.filter((action) => action.do !== 'save'))
  }

  /** @returns whether all that is to be kept is kept, and what is to be forgotten forgotten */
  async function keep(): Promise<boolean> {
    const sessions = [...unkept]
    if (store === undefined || sessions.length === 0) return true
    const startedAtMs = performance.now()
    const expiresAtMs = Date.now() + KEPT_GRACES * graceMs
    const write = new Map<string, { value: Json; expiresAtMs: number } | null>()
    for (const session of sessions) {
      const memory = server.memoryOf(session)
      const value = memory && { ...memory, count: counts.get(session) ?? 0 }
      write.set(keyOf(session), value && { value, expiresAtMs })
    }
    try {
      await store.update([], () => ({ write, result: null }))
    } catch (error) {
      storeFailed(error as Error)
      return false
    }
    isFailing = false
    for (const session of sessions) unkept.delete(session)
    const kept = [...write.values()].filter((entry) => entry !== null).length
    if (kept > 0) emit('session:kept', { sessions: kept, tookMs: performance.now() - startedAtMs })
    return true
  }

  /** Told once, until it works again. */
  function storeFailed({ message }: Error): void {
    if (!isFailing) emit('session:store_failed', { message })
    isFailing = true
  }

  /** Says that nothing can be promised now. The sessions wait. */
  function turnAway(keys: readonly string[]): void {
    for (const key of keys) {
      const link = links.get(key)
      links.delete(key)
      link?.send(formatLine({ word: 'BYE', reason: 'store-failed' }))
      link?.close()
      enqueue(server.lost(key, 'store-failed', performance.now()))
    }
  }

  async function act(action: ServerAction, mono: bigint): Promise<void> {
    const key = 'connection' in action ? action.connection : null
    const link = key === null ? undefined : links.get(key)
    const groupId = link?.belief.groupId ?? groupIdOf(mechanism, key === null ? undefined : portOf(key))
    if (link !== undefined && action.do === 'note-state' && action.new === 'attached') link.proved()
    const tell = isStrangers(action, link) ? strangers.tell : emit
    logServerAction(action, tell, groupId, mono)
    switch (action.do) {
      case 'send':
        link?.send(action.line)
        break
      case 'close':
        link?.close()
        break
      case 'load': {
        let read: Json | undefined
        try {
          read = await store?.get(keyOf(action.session))
        } catch (error) {
          storeFailed(error as Error)
          turnAway([action.connection])
          break
        }
        const found = v.safeParse(kept, read)
        if (found.success) {
          counts.set(action.session, found.output.count)
          tell('session:loaded', { session: action.session, received: found.output.received }, groupId)
        }
        const memory = found.success ? found.output : null
        perform(server.loaded(action.connection, action.line, memory, performance.now()))
        break
      }
      case 'forget':
        counts.delete(action.session)
        break
      case 'note-refused-line':
        link?.complain?.(action.problem)
        break
      case 'note-belief': {
        const { new: next, trigger, silentMs } = action.transition
        link?.belief.become(next, trigger, silentMs)
        break
      }
    }
  }

  /** Whether it is about somebody who may have forged an address: a session that nobody has confirmed, a claim. */
  function isStrangers(action: ServerAction, link: Link | undefined): boolean {
    if (carrier === 'tcp') return false
    switch (action.do) {
      case 'note-state':
        return action.new === 'opening' || (action.old === 'opening' && action.new === 'over')
      case 'over':
        return action.because === 'unconfirmed' || action.because === 'too-many'
      case 'load':
      case 'note-refused':
      case 'note-refused-line':
        return link?.mayBeForged() !== false
      default:
        return false
    }
  }

  // ---- what carries the lines -----------------------------------------------------------------------

  const listening = carrier === 'tcp' ? await listenTcp() : await listenUdp()

  async function listenTcp() {
    const sockets = new Set<net.Socket>()
    // A client that has shown that a session is its own is no stranger.
    const { admits, keep } = admitTcp()
    const tcp = net.createServer({ noDelay: true }, (socket) => {
      if (!admits(socket)) return
      const key = addressesOf(socket).remote
      const belief = new PeerBelief(emit, groupIdOf(mechanism, socket.remotePort))
      const send = (line: string) => sendLine(socket, line)
      sockets.add(socket)
      links.set(key, {
        belief,
        proved: () => keep(socket),
        mayBeForged: () => false,
        send,
        complain: (problem) => send(`ERROR ${problem}`),
        close: () => void closeInOrder(socket, () => socket.end()),
      })
      reportTcp(socket, emit, belief.groupId, belief)
      emit('tcp:accepted', addressesOf(socket), belief.groupId)
      belief.become('up', 'accepted')
      perform(server.connected(key, 'stream', performance.now()))
      const reader = lineReader()
      const read = () => {
        while (links.has(key)) {
          if (queue.length >= QUEUE_MAX) {
            socket.pause()
            halted.add(read)
            return
          }
          const line = reader.next()
          if (line === 'incomplete') break
          perform(server.take(key, line, performance.now()))
        }
        socket.resume()
      }
      socket.on('data', (chunk) => {
        reader.push(chunk)
        read()
      })
      socket.once('close', () => {
        sockets.delete(socket)
        links.delete(key)
        halted.delete(read)
        perform(server.lost(key, 'connection lost', performance.now()))
      })
    })
    const port = await listen(tcp, options)
    return {
      port,
      async close() {
        const stopped = stopListening(tcp)
        await Promise.all([...sockets].map((socket) => closeInOrder(socket, () => socket.end())))
        await stopped
      },
      reset() {
        for (const socket of sockets) socket.resetAndDestroy()
      },
    }
  }

  async function listenUdp() {
    // Ours are addresses already: nothing to look up.
    const socket = dgram.createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) })
    socket.on('error', (error) =>
      emit('udp:error_received', errorData(error), groupIdOf(mechanism, undefined)),
    )
    socket.on('message', (datagram, from) => {
      // As in any router whose queue is full.
      if (queue.length >= QUEUE_MAX) return
      const key = `${from.address}:${from.port}`
      const line = parseLine(datagram.toString('latin1'))
      const nowMs = performance.now()
      if (!server.has(key)) {
        // Only a claim makes a peer of a stranger; what else strangers send is told now and then.
        const isClaim = 'word' in line && (line.word === 'HELLO' || line.word === 'RESUME')
        if (!isClaim) {
          const refused = 'problem' in line ? line : { problem: 'NO_SESSION', excerpt: line.word }
          strangers.tell('session:line_refused', refused, groupIdOf(mechanism, from.port))
          return
        }
        let isProved = false
        const tell: Emitter = (...event) => (isProved ? emit : strangers.tell)(...event)
        const link: Link = {
          belief: new PeerBelief(tell, groupIdOf(mechanism, from.port)),
          proved() {
            isProved = true
          },
          mayBeForged: () => !isProved,
          send: (text) => socket.send(text, from.port, from.address, () => {}),
          close() {
            links.delete(key)
            link.belief.become('down', 'user_closed')
          },
        }
        links.set(key, link)
        link.belief.become('up', 'heard')
        perform(server.connected(key, 'datagrams', nowMs))
      }
      perform(server.take(key, line, nowMs))
    })
    const port = await bindUdp(socket, options)
    emit('udp:bound', { mechanism, local: `${options.host}:${port}` })
    return { port, close: () => closeUdp(socket), reset() {} }
  }

  return {
    port: listening.port,
    async close() {
      due.stop()
      guard.remove(server)
      await listening.close()
      strangers.close()
    },
    observe() {},
    write() {},
    reset: listening.reset,
  }
}

function keyOf(session: string): string {
  return `session:${session}`
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'session-server',
    about: 'Keeps sessions over TCP or UDP, and answers each message with its count.',
    mechanism: 'session',
    flags: {
      ...listenFlags,
      carrier: { type: 'string', default: 'tcp', value: 'tcp|udp', help: 'what carries the lines' },
      grace: { type: 'string', default: String(GRACE_MS), value: 'MS', help: 'how long a session waits' },
      store: { type: 'string', value: 'FOLDER', help: 'keep sessions there, to survive this process' },
    },
    async start(values, emit) {
      const carrier = carriers.find((each) => each === values.carrier)
      if (carrier === undefined) throw new UsageError('"--carrier" must be tcp or udp')
      const graceMs = optionalInteger(values, 'grace', 1, 86_400_000)
      const store = values.store === undefined ? undefined : await openFolder(String(values.store))
      return startSessionServer(
        { mechanism: 'session', carrier, ...listenOptions(values), graceMs, store },
        emit,
      )
    },
  })
}
