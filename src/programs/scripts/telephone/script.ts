/**
 * The telephones of a host, all on one socket, led by a lab. A telephone that is called answers at once. What it says
 * goes to an exchange that keeps a slot for each call, or, just as it is, in packets to whoever is to hear it: the
 * same speech by either way. There is no way to start it by hand.
 */
import * as dgram from 'node:dgram'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { TelephoneState, TelephoneTrigger } from '../../../events/vocabulary.ts'
import {
  formatTelephone,
  parseTelephone,
  type TelephoneMessage,
  type Verb,
} from '../../../protocols/telephone/message.ts'
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { groupIdOf } from '../../parts/tcp-events.ts'
import { bindUdp, closeUdp } from '../../parts/udp-socket.ts'
import type { CallOutcome, ScheduledCall, TelephoneRequests } from './requests.ts'

const SOCKETS_MAX = 8
/** An exchange answers within milliseconds, or is not there. */
const ANSWER_LIMIT_MS = 2000
/** As often as a trunk has frames: a dead line is noticed as soon at either end of it. */
const CARRIER_EVERY_MS = 20
/** Anybody can say that a line rings; no exchange has more. */
const LINES_MAX = 1000

interface Opened {
  socket: dgram.Socket
  groupId: string
  to: { address: string; port: number } | undefined
  tells: boolean
  /** By line. */
  states: Map<number, TelephoneState>
  /** By `verb line`: who waits for an answer about that line. */
  waiting: Map<number, (verb: Verb) => void>
  heard: { voices: number; sumMs: number; maxMs: number }
  carrier: NodeJS.Timeout | undefined
}

/** What a telephone makes of what its exchange says. */
const becomes: Partial<Record<Verb, [TelephoneState, TelephoneTrigger]>> = {
  connected: ['talking', 'connected'],
  busy: ['busy', 'busy'],
  ringing: ['talking', 'ringing'],
  cleared: ['idle', 'cleared'],
  lost: ['idle', 'lost'],
}

export function scriptTelephones({ address, emitterOf }: ScriptedHost): Scripted<TelephoneRequests> {
  const emit = emitterOf('telephone')
  /** By mechanism. */
  const opened = new Map<string, Opened>()

  function known(mechanism: string): Opened {
    const found = opened.get(mechanism)
    if (found === undefined) throw new RangeError(`no telephones "${mechanism}" on this host`)
    return found
  }

  function become(at: Opened, line: number, next: TelephoneState, trigger: TelephoneTrigger): void {
    const old = at.states.get(line) ?? 'idle'
    if (old === next || line > LINES_MAX) return
    at.states.set(line, next)
    if (at.tells) emit('telephone:call_updated', { line, old, new: next, trigger }, at.groupId)
  }

  function hear(at: Opened, { verb, line, voice }: TelephoneMessage): void {
    if (voice !== undefined) {
      const ageMs = Math.max(0, (nowUs() - voice.spokenAtUs) / 1000)
      at.heard.voices += 1
      at.heard.sumMs += ageMs
      at.heard.maxMs = Math.max(at.heard.maxMs, ageMs)
      return
    }
    const change = becomes[verb]
    if (change !== undefined) become(at, line, ...change)
    if (verb !== 'ringing') at.waiting.get(line)?.(verb)
  }

  function say(at: Opened, message: TelephoneMessage): void {
    if (at.to === undefined) throw new RangeError('these telephones have no exchange')
    at.socket.send(formatTelephone(message), at.to.port, at.to.address)
  }

  /** Says something and waits for the answer; null: there was none. */
  function ask(at: Opened, message: TelephoneMessage): Promise<Verb | null> {
    return new Promise((resolve) => {
      const settle = (verb: Verb | null) => {
        clearTimeout(timer)
        at.waiting.delete(message.line)
        resolve(verb)
      }
      const timer = setTimeout(settle, ANSWER_LIMIT_MS, null)
      at.waiting.set(message.line, settle)
      say(at, message)
    })
  }

  async function call(at: Opened, line: number): Promise<CallOutcome> {
    become(at, line, 'calling', 'called')
    const answer = await ask(at, { verb: 'call', line })
    if (answer === null) return 'unanswered'
    return answer === 'connected' || answer === 'busy' ? answer : 'refused'
  }

  /** Waits until it is said to be over: what a kernel sends after one another can arrive the other way round. */
  async function hangUp(at: Opened, line: number): Promise<void> {
    become(at, line, 'idle', 'hung-up')
    await ask(at, { verb: 'hang-up', line })
  }

  async function play(at: Opened, lines: number, calls: readonly ScheduledCall[]) {
    const ends: { line: number; atMs: number }[] = []
    const free = Array.from({ length: lines }, (_, index) => index + 1)
    const tally = { calls: 0, busy: 0, unanswered: 0 }
    for (const { atMs, holdMs } of calls) {
      while (ends[0] !== undefined && ends[0].atMs <= atMs) {
        const { line } = ends.shift() as (typeof ends)[number]
        await hangUp(at, line)
        free.push(line)
      }
      const line = free.shift()
      if (line === undefined) throw new RangeError(`more than ${lines} calls at once, and no more lines`)
      const outcome = await call(at, line)
      tally.calls += 1
      if (outcome === 'connected') {
        ends.push({ line, atMs: atMs + holdMs })
        ends.sort((one, other) => one.atMs - other.atMs)
        continue
      }
      if (outcome === 'busy') tally.busy += 1
      else tally.unanswered += 1
      await hangUp(at, line)
      free.push(line)
    }
    for (const { line } of ends) await hangUp(at, line)
    return tally
  }

  /** Only the card of a network namespace has a light that somebody can put out. */
  function watchCarrier(at: Opened): void {
    at.carrier = setInterval(() => {
      const talking = [...at.states].filter(([, state]) => state === 'talking')
      if (talking.length === 0 || hasCarrier()) return
      for (const [line] of talking) become(at, line, 'idle', 'no-carrier')
    }, CARRIER_EVERY_MS)
  }

  async function close(mechanism: string, at: Opened): Promise<void> {
    if (!opened.delete(mechanism)) return
    clearInterval(at.carrier)
    await closeUdp(at.socket)
  }

  return {
    answer: {
      async telephoneOpen({ mechanism, port, attachTo, tells, watchesLight }) {
        if (opened.size >= SOCKETS_MAX || opened.has(mechanism)) {
          throw new RangeError(
            `"${mechanism}": there are telephones already, or ${SOCKETS_MAX} kinds of them`,
          )
        }
        const socket = dgram.createSocket('udp4')
        const bound = await bindUdp(socket, { host: address, port })
        const at: Opened = {
          socket,
          groupId: groupIdOf(mechanism, bound),
          to: attachTo,
          tells,
          states: new Map(),
          waiting: new Map(),
          heard: { voices: 0, sumMs: 0, maxMs: 0 },
          carrier: undefined,
        }
        opened.set(mechanism, at)
        // What comes back for speech that nobody wanted is no answer.
        socket.on('error', () => {})
        socket.on('message', (datagram) => {
          const message = parseTelephone(datagram)
          if (message !== null) hear(at, message)
        })
        emit('udp:bound', { mechanism, local: `${address}:${bound}` })
        if (attachTo !== undefined && (await ask(at, { verb: 'attach', line: 0 })) === null) {
          throw new Error('no exchange answers')
        }
        if (watchesLight) watchCarrier(at)
        return { port: bound }
      },

      async telephoneCall({ mechanism, line }) {
        return { outcome: await call(known(mechanism), line) }
      },

      async telephoneHangUp({ mechanism, line }) {
        await hangUp(known(mechanism), line)
        return null
      },

      async telephonePlay({ mechanism, lines, calls }) {
        const at = known(mechanism)
        const began = performance.now()
        const tally = await play(at, lines, calls)
        emit('telephone:calls_played', { ...tally, tookMs: performance.now() - began }, at.groupId)
        return tally
      },

      async telephoneTalk({ mechanism, to, bytes, voices }) {
        const at = known(mechanism)
        const began = performance.now()
        const numbers = new Map<number, number>()
        for (const { atMs, line } of voices) {
          const waitMs = began + atMs - performance.now()
          if (waitMs > 0) await delay(waitMs)
          if (opened.get(mechanism) !== at) break
          const number = (numbers.get(line) ?? 0) + 1
          numbers.set(line, number)
          const voice = { number, spokenAtUs: nowUs() }
          at.socket.send(formatTelephone({ verb: 'voice', line, voice }, bytes), to.port, to.address)
        }
        const told = {
          to: `${to.address}:${to.port}`,
          voices: voices.length,
          tookMs: performance.now() - began,
        }
        emit('telephone:talked', told, at.groupId)
        return null
      },

      async telephoneCount({ mechanism }) {
        const at = known(mechanism)
        const { voices, sumMs, maxMs } = at.heard
        at.heard = { voices: 0, sumMs: 0, maxMs: 0 }
        const meanMs = voices === 0 ? 0 : sumMs / voices
        emit('telephone:heard', { voices, meanMs, maxMs }, at.groupId)
        return null
      },
    },

    async close() {
      await Promise.all([...opened].map(([mechanism, at]) => close(mechanism, at)))
    },
    observe() {},
    reset() {},
  }
}

/** CLOCK_MONOTONIC, which all hosts of a machine share. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function hasCarrier(): boolean {
  try {
    return readFileSync('/sys/class/net/eth0/carrier', 'latin1').trim() === '1'
  } catch {
    // A card that is switched off does not say.
    return false
  }
}
