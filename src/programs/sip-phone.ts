/**
 * A telephone: it registers, calls and is called, over UDP or TCP. What it does is decided by
 * {@link file://../protocols/sip/user-agent.ts}, which has no socket and no clock.
 *
 *     person or lab: register, call, hang up -->                      <--> UDP, or connections: signalling
 *                                               UserAgent
 *     clock -->                                                       --> where speech is to go, once both agreed
 */
import { randomBytes } from 'node:crypto'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import type { LocalMedia } from '../protocols/sdp/negotiation.ts'
import type { AgentAction } from '../protocols/sip/agent.ts'
import type { Place } from '../protocols/sip/compose.ts'
import { PORT, SESSION_SECONDS_MIN, TIMING, type Timing } from '../protocols/sip/constants.ts'
import { SipError } from '../protocols/sip/text.ts'
import { UserAgent } from '../protocols/sip/user-agent.ts'
import { PeerBelief } from './parts/belief.ts'
import {
  calledAddress,
  optionalInteger,
  portToListen,
  runByHand,
  runsAsFile,
  socketAddress,
} from './parts/command-line.ts'
import { openVoice, type PhoneMedia } from './parts/phone-voice.ts'
import type { Program } from './parts/program.ts'
import { startSipClock } from './parts/sip-clock.ts'
import { type KeepAlive, startKeepAlive } from './parts/sip-keepalive.ts'
import { openSipTransport, textOf, titleOf } from './parts/sip-transport.ts'
import { watchStrangers } from './parts/strangers.ts'
import { groupIdOf } from './parts/tcp-events.ts'
import { readWavFile } from './parts/wav.ts'

export interface SipPhoneOptions {
  mechanism: string
  user: string
  host: string
  /** 0: any free one. */
  port: number
  transport: 'udp' | 'tcp'
  registrar?: { address: string; port: number; password: string; seconds?: number } | undefined
  /** RFC 4028. Shorter than 90 s only between telephones of which each has `minSeconds` as small. */
  session?: { seconds: number; refresher: 'uac' | 'uas'; minSeconds?: number } | undefined
  timing?: Timing | undefined
  /** Once it has registered: empty lines to the registrar over TCP, STUN over UDP (RFC 5626). */
  keepAliveMs?: number | undefined
  /** @param groupId of the events of its calls */
  openMedia(groupId: string): Promise<PhoneMedia>
}

export interface SipPhone extends Pick<Program, 'port' | 'reset'> {
  register(): void
  /** @throws UsageError where that is no address that can be called */
  call(to: string): Promise<void>
  /** All calls. */
  hangUp(): void
  hold(isHeld: boolean): void
  /**
   * Says goodbye first: BYE in calls that are there, CANCEL for those that it began, REGISTER that takes the registration
   * back. Whoever has not answered within {@link LEAVING_MS_MAX} is not waited for.
   */
  close(): Promise<void>
}

/** Enough for a REGISTER, its challenge and its proof; whoever is gone does not keep us. */
export const LEAVING_MS_MAX = 1_000

/** Transactions that somebody else begins. */
const SERVERS: readonly string[] = ['server', 'invite-server']
const TOKEN_BYTES = 8
const REGISTRATION_SECONDS = 300

export async function startSipPhone(options: SipPhoneOptions, emit: Emitter): Promise<SipPhone> {
  const { mechanism, user, host, openMedia, session, timing = TIMING } = options
  const medias = new Map<string, PhoneMedia>()
  const closing = new Set<Promise<void>>()
  const strangers = watchStrangers(emit)
  const transport = await openSipTransport(
    {
      mechanism,
      host,
      port: options.port,
      receive: (reading, from) => clock.carryOut((nowMs) => agent.receive(reading, from, nowMs)),
      isProven: (place) => agent.knows(place, performance.now()),
      receiveStun: (message) => keepalive?.take(message),
      failed: (to) => clock.carryOut((nowMs) => agent.transportFailed(to, nowMs)),
    },
    emit,
  )
  const group = groupIdOf(mechanism, transport.port)
  const belief = new PeerBelief(emit, group)
  const registrar = registrarOf(options)
  const agent = new UserAgent({
    user,
    place: { transport: options.transport, address: host, port: transport.port },
    registrar,
    session: session && { minSeconds: SESSION_SECONDS_MIN, ...session },
    timing,
    makeToken: () => randomBytes(TOKEN_BYTES).toString('hex'),
  })
  const clock = startSipClock(agent, carry)
  let keepalive: KeepAlive | undefined
  let left: (() => void) | undefined
  emit('sip:opened', { local: `${host}:${transport.port}`, transport: options.transport, user }, group)

  /** From its first registration on. */
  function keepAlive(): void {
    if (registrar === undefined || options.keepAliveMs === undefined) return
    keepalive ??= startKeepAlive({
      everyMs: options.keepAliveMs,
      to: registrar.place,
      transport,
      emit: (name, data) => emit(name, data, group),
      registerAgain: () => clock.carryOut((nowMs) => agent.register(nowMs)),
    })
  }

  function leave(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, LEAVING_MS_MAX)
      left = () => {
        clearTimeout(limit)
        resolve()
      }
      clock.carryOut((nowMs) => agent.leave(nowMs))
      if (agent.hasLeft) left()
    })
  }

  const localMedia = (port: number): LocalMedia => ({
    address: host,
    port,
    id: Math.floor(performance.now()),
    version: 1,
    direction: 'sendrecv',
  })

  async function pickUp(call: string): Promise<void> {
    const media = await openMedia(group)
    if (!agent.calls.includes(call)) return void close(media)
    medias.set(call, media)
    clock.carryOut((nowMs) => agent.pickUp(call, localMedia(media.port), nowMs))
  }

  function close(media: PhoneMedia): void {
    const closed = media.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }

  /** Section 15.1.1: who says BYE stops sending and hearing at once, whatever is answered. */
  function fallSilent(call: string): void {
    const media = medias.get(call)
    medias.delete(call)
    if (media) close(media)
  }

  function carry(action: AgentAction): void {
    carryOne(action)
    if (agent.hasLeft) left?.()
  }

  function carryOne(action: AgentAction): void {
    switch (action.do) {
      case 'send':
        if (!transport.send(action.message, action.to)) break
        toldOf(agent.knows(action.to, performance.now()))(
          'sip:sent',
          { message: titleOf(action.message), remote: textOf(action.to), again: action.again },
          group,
        )
        break
      case 'incoming':
        emit('sip:call_incoming', { from: action.from }, group)
        void pickUp(action.call)
        break
      case 'media':
        medias.get(action.call)?.agreed(action.agreed)
        tell(action)
        break
      case 'note-call':
        if (action.new === 'leaving' || action.new === 'over') fallSilent(action.call)
        tell(action)
        break
      default:
        if (action.do === 'registered') keepAlive()
        tell(action)
    }
  }

  /** What anybody can cause is told now and then only. */
  function toldOf(isKnown: boolean): Emitter {
    return isKnown ? emit : strangers.tell
  }

  function tell(action: AgentAction): void {
    const isAnybodys =
      action.do === 'refused' || (action.do === 'note-state' && SERVERS.includes(action.kind))
    say(action, (name, data) => toldOf(!isAnybodys)(name, data, group))
    if (action.do === 'note-call' && action.new === 'up') belief.become('up', 'heard')
    if (action.do === 'ended') belief.become('down', action.because === 'bye' ? 'heard' : 'user_closed')
    if (action.do === 'failed')
      belief.become('down', action.because === 'no-answer' ? 'answer_missed' : 'heard')
    if (action.do === 'session-expired') belief.become('down', 'answer_missed')
  }

  return {
    port: transport.port,
    register: () => clock.carryOut((nowMs) => agent.register(nowMs)),
    async call(to) {
      const media = await openMedia(group)
      belief.become('connecting', 'started')
      clock.carryOut((nowMs) => {
        try {
          const { call, actions } = agent.call(to, localMedia(media.port), nowMs)
          medias.set(call, media)
          return actions
        } catch (error) {
          close(media)
          if (error instanceof SipError || error instanceof RangeError)
            throw new UsageError(`"${to}": ${error.message}`)
          throw error
        }
      })
    },
    hangUp: () => clock.carryOut((nowMs) => agent.calls.flatMap((call) => agent.hangUp(call, nowMs))),
    hold: (isHeld) =>
      clock.carryOut((nowMs) => agent.calls.flatMap((call) => agent.hold(call, isHeld, nowMs))),
    reset: () => transport.reset(),
    async close() {
      keepalive?.stop()
      await leave()
      clock.stop()
      for (const call of medias.keys()) fallSilent(call)
      await Promise.all(closing)
      strangers.close()
      await transport.close()
    },
  }
}

function registrarOf({ registrar, transport }: SipPhoneOptions) {
  if (registrar === undefined) return undefined
  const place: Place = { transport, address: registrar.address, port: registrar.port }
  return { place, password: registrar.password, wantedSeconds: registrar.seconds ?? REGISTRATION_SECONDS }
}

/** What the log says of an action. */
function say(action: AgentAction, tell: Emitter): void {
  switch (action.do) {
    case 'note-state': {
      const { kind, old, new: next, because } = action
      return void tell('sip:transaction_updated', { kind, old, new: next, trigger: because })
    }
    case 'note-call': {
      const { old, new: next, because } = action
      return void tell('sip:call_updated', { old, new: next, trigger: because })
    }
    case 'media': {
      const { remoteAddress, remotePort, payloadType, direction } = action.agreed
      const remote = `${remoteAddress}:${remotePort}`
      return void tell('sip:media_agreed', { remote, payloadType, direction })
    }
    case 'ended':
      return void tell('sip:call_ended', { because: action.because })
    case 'failed': {
      const { because, status } = action
      return void tell('sip:call_failed', { because, ...(status !== null && { status }) })
    }
    case 'session-agreed': {
      const { seconds, isRefresher } = action
      return void tell('sip:session_agreed', { seconds, isRefresher })
    }
    case 'session-refreshed':
      return void tell('sip:session_refreshed', {})
    case 'session-expired':
      return void tell('sip:session_expired', {})
    case 'registered':
      return void tell('sip:registered', { seconds: action.seconds })
    case 'unregistered':
      return void tell('sip:unregistered', {})
    case 'registration-lost': {
      const { status } = action
      return void tell('sip:registration_lost', status === null ? {} : { status })
    }
    case 'refused': {
      const { because, status, from } = action
      const data = { because, ...(status !== null && { status }), remote: textOf(from) }
      return void tell('sip:refused', data)
    }
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'sip-phone',
    about:
      'A telephone: registers, calls, and answers whoever calls it. It says a tone or what is in a file, and draws what it hears.',
    mechanism: 'sip',
    flags: {
      user: { type: 'string', default: 'phone', value: 'NAME', help: 'who it is' },
      host: {
        type: 'string',
        default: '127.0.0.1',
        value: 'ADDRESS',
        help: 'its own IPv4 address, where it can be called',
      },
      port: {
        type: 'string',
        default: String(PORT),
        value: 'NUMBER',
        help: 'of its signalling; 0: any free one',
      },
      tcp: { type: 'boolean', help: 'over connections instead of datagrams' },
      registrar: { type: 'string', value: 'ADDRESS:PORT', help: 'register there, and call by it' },
      password: { type: 'string', value: 'WORD', help: 'for the registrar' },
      'session-timer': {
        type: 'string',
        value: 'SECONDS',
        help: 'say so often that the call is there; 90 or more',
      },
      call: { type: 'string', value: 'ADDRESS', help: 'call it at once, as in sip:bob@127.0.0.1:5070' },
      'keep-alive': {
        type: 'string',
        value: 'SECONDS',
        help: 'say so often to the registrar that it is there',
      },
      send: {
        type: 'string',
        default: 'tone',
        value: 'tone|silence|FILE.wav',
        help: 'what it says, again and again',
      },
      record: { type: 'string', value: 'FILE.wav', help: 'what it hears, of the last call' },
    },
    async start(values, emit) {
      const seconds = optionalInteger(values, 'session-timer', SESSION_SECONDS_MIN, 86_400)
      const keepAliveSeconds = optionalInteger(values, 'keep-alive', 1, 86_400)
      const address = calledAddress(values, 'host')
      const [send, recordTo] = [String(values.send), optionalText(values.record)]
      // A file that cannot be said is told before anybody is called.
      if (send !== 'tone' && send !== 'silence') readWavFile(send)
      const phone = await startSipPhone(
        {
          mechanism: 'sip',
          user: String(values.user),
          host: address,
          port: portToListen(values),
          transport: values.tcp === true ? 'tcp' : 'udp',
          registrar: registrarFlag(values),
          session: seconds === undefined ? undefined : { seconds, refresher: 'uac' },
          keepAliveMs: keepAliveSeconds && keepAliveSeconds * 1000,
          openMedia: (groupId) => openVoice({ address, send, recordTo, draw }, groupId, emit),
        },
        emit,
      )
      if (values.registrar !== undefined) phone.register()
      if (values.call !== undefined) await phone.call(String(values.call))
      return phone
    },
  })
}

function optionalText(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value)
}

/** Beside the events, which are on standard output. */
function draw(line: string): void {
  process.stderr.write(`${line}\n`)
}

function registrarFlag(values: Parameters<typeof socketAddress>[0]): SipPhoneOptions['registrar'] {
  if (values.registrar === undefined) return undefined
  if (values.password === undefined)
    throw new UsageError('"--password" is missing: the registrar asks for it')
  const { host: address, port } = socketAddress(values, 'registrar', 1)
  return { address, port, password: String(values.password) }
}
