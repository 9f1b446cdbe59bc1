/**
 * A registrar that is a proxy too: telephones tell it where they are, and calls go by it. Of calls it keeps nothing: see
 * {@link file://../protocols/sip/proxy.ts}, which has no socket and no clock.
 */
import { randomBytes } from 'node:crypto'
import type { Emitter } from '../events/emit.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Place } from '../protocols/sip/compose.ts'
import { TIMING, type Timing } from '../protocols/sip/constants.ts'
import { type ProxyAction, SipProxy } from '../protocols/sip/proxy.ts'
import { readStun, writeBindingSuccess } from '../protocols/stun/message.ts'
import { calledAddress, portToListen, runByHand, runsAsFile } from './parts/command-line.ts'
import type { Program } from './parts/program.ts'
import { startSipClock } from './parts/sip-clock.ts'
import { openSipTransport, textOf, titleOf } from './parts/sip-transport.ts'
import { watchStrangers } from './parts/strangers.ts'
import { groupIdOf } from './parts/tcp-events.ts'

export interface SipRegistrarOptions {
  mechanism: string
  host: string
  port: number
  passwords: Readonly<Record<string, string>>
  /** It stays in the way of a call's later requests. */
  isRecordRouting?: boolean | undefined
  timing?: Timing | undefined
  /** MD5 and nothing else is asked for: there are telephones that give up where SHA-256 is offered beside it. */
  isMd5Only?: boolean | undefined
  /** Of a registration. */
  seconds?: { min: number; max: number } | undefined
}

/** RFC 3261 10.3: less than an hour may be refused; a minute is enough for any router. */
const REGISTRATION_SECONDS = { min: 60, max: 3600 }
const TOKEN_BYTES = 8

export async function startSipRegistrar(
  {
    mechanism,
    host,
    port: wanted,
    passwords,
    isRecordRouting = false,
    isMd5Only = false,
    timing = TIMING,
    seconds,
  }: SipRegistrarOptions,
  emit: Emitter,
): Promise<Pick<Program, 'port' | 'close' | 'reset'>> {
  const strangers = watchStrangers(emit)
  const transport = await openSipTransport(
    {
      mechanism,
      host,
      port: wanted,
      receive: (reading, from) => clock.carryOut((nowMs) => proxy.receive(reading, from, nowMs)),
      isProven: (place) => proxy.knows(place),
      receiveStun: answerStun,
      failed: (to) => clock.carryOut((nowMs) => proxy.transportFailed(to, nowMs)),
    },
    emit,
  )
  const group = groupIdOf(mechanism, transport.port)
  const proxy = new SipProxy({
    place: { transport: 'udp', address: host, port: transport.port },
    realm: host,
    passwords: new Map(Object.entries(passwords)),
    seconds: seconds ?? REGISTRATION_SECONDS,
    isRecordRouting,
    algorithms: isMd5Only ? ['MD5'] : ['SHA-256', 'MD5'],
    timing,
    key: randomBytes(32),
    makeToken: () => randomBytes(TOKEN_BYTES).toString('hex'),
  })
  const clock = startSipClock(proxy, carry)
  emit('sip:opened', { local: `${host}:${transport.port}`, transport: 'udp', user: '' }, group)

  /**
   * Says from where the question came. Only to who has registered from there: an answer is longer than the question, and
   * anybody can ask in another's name.
   */
  function answerStun(bytes: Buffer, from: Place): void {
    const message = readStun(bytes)
    if (message?.kind !== 'binding-request' || message.unknown.length > 0 || !proxy.knows(from)) return
    transport.sendStun(writeBindingSuccess(message.transaction, from), from)
  }

  function carry(action: ProxyAction): void {
    switch (action.do) {
      case 'send':
        if (!transport.send(action.message, action.to)) break
        strangers.tell(
          'sip:sent',
          { message: titleOf(action.message), remote: textOf(action.to), again: action.again },
          group,
        )
        break
      case 'note-state':
        strangers.tell(
          'sip:transaction_updated',
          { kind: action.kind, old: action.old, new: action.new, trigger: action.because },
          group,
        )
        break
      case 'binding-added': {
        const { user, contact, seconds: granted, from } = action
        emit('sip:binding_added', { user, contact, seconds: granted, remote: textOf(from) }, group)
        break
      }
      case 'binding-removed':
        emit(
          'sip:binding_removed',
          { user: action.user, contact: action.contact, because: action.because },
          group,
        )
        break
      case 'proof-refused': {
        const { user, because, from } = action
        strangers.tell('sip:proof_refused', { user, because, remote: textOf(from) }, group)
        break
      }
      case 'refused': {
        const { status, because, from } = action
        strangers.tell('sip:refused', { because, ...(status && { status }), remote: textOf(from) }, group)
      }
    }
  }

  return {
    port: transport.port,
    reset: () => transport.reset(),
    async close() {
      clock.stop()
      strangers.close()
      await transport.close()
    },
  }
}

if (runsAsFile(import.meta.url)) {
  runByHand({
    name: 'sip-registrar',
    about: 'Telephones register here, and call each other by it. Over UDP and TCP.',
    mechanism: 'sip',
    flags: {
      host: {
        type: 'string',
        default: '127.0.0.1',
        value: 'ADDRESS',
        help: 'its own IPv4 address, which is its domain too',
      },
      port: { type: 'string', default: '5060', value: 'NUMBER', help: 'port, for UDP and TCP' },
      user: {
        type: 'string',
        multiple: true,
        value: 'NAME:PASSWORD',
        help: 'who may register; again and again',
      },
      md5: {
        type: 'boolean',
        help: 'ask for MD5 alone: some telephones, as baresip 1, give up where SHA-256 is offered too',
      },
      'record-route': { type: 'boolean', help: 'stay in the way of what is said within a call' },
    },
    start(values, emit) {
      const users = [values.user ?? []].flat().map((one) => String(one).split(/:(.*)/s))
      if (users.length === 0 || users.some(([name, password]) => !name || !password))
        throw new UsageError('"--user" must be like bob:secret, once for each')
      const passwords = Object.fromEntries(users)
      const host = calledAddress(values, 'host')
      const isRecordRouting = values['record-route'] === true
      const isMd5Only = values.md5 === true
      return startSipRegistrar(
        { mechanism: 'sip', host, port: portToListen(values), passwords, isRecordRouting, isMd5Only },
        emit,
      )
    },
  })
}
