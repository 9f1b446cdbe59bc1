/**
 * Our telephone without its command line: the user agent with one socket, and the media of its calls. Started on a host
 * by a session; its options are one JSON object. It answers every call at once, or makes some and hangs up each.
 */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import type { Emitter } from '../../../src/events/emit.ts'
import { type CallMedia, openMedia } from '../../../src/programs/parts/call-media.ts'
import type { AgentAction, AgentOptions } from '../../../src/protocols/sip/agent.ts'
import type { Place } from '../../../src/protocols/sip/compose.ts'
import { TIMING } from '../../../src/protocols/sip/constants.ts'
import { readMessage, writeMessage } from '../../../src/protocols/sip/message.ts'
import { MessageStream } from '../../../src/protocols/sip/stream.ts'
import { UserAgent } from '../../../src/protocols/sip/user-agent.ts'

export interface OurAgentWish extends Pick<AgentOptions, 'user' | 'place' | 'registrar' | 'session'> {
  /** Whom it calls, one call after the other. Without it, it answers. */
  calls?: { to: string; count: number; forMs: number }
  /** What the first call is recorded to. Left out: nobody speaks or hears. */
  recordTo?: string
}

/** Of calls without media: discard (RFC 863). */
const NO_PORT = 9
const wish = JSON.parse(process.argv[2] ?? '{}') as OurAgentWish
const { place } = wish
const quiet = (() => {}) as Emitter
const makeToken = () => randomBytes(8).toString('hex')
const agent = new UserAgent({ ...wish, timing: TIMING, makeToken })
const counted = { made: 0, up: 0, ended: 0, failed: 0, again: 0, refused: [] as string[], refreshed: 0 }
let media: CallMedia | null = null
let timer: NodeJS.Timeout | undefined
const say = (words: string) => process.stdout.write(`${words}\n`)

const udp = createSocket('udp4')
const streams = new Map<string, Socket>()

function attach(socket: Socket): Socket {
  const stream = new MessageStream()
  const from: Place = { transport: 'tcp', address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
  streams.set(`${from.address}:${from.port}`, socket)
  socket.on('error', () => {})
  socket.on('close', () => streams.delete(`${from.address}:${from.port}`))
  socket.on('data', (chunk) => {
    stream.push(chunk)
    for (let cut = stream.next(); cut !== 'incomplete' && cut !== 'broken'; cut = stream.next()) {
      if (typeof cut !== 'string') act(agent.receive(cut, from, performance.now()))
    }
  })
  return socket
}

function send(bytes: Buffer, to: Place): void {
  if (to.transport === 'udp') return void udp.send(bytes, to.port, to.address)
  const open = streams.get(`${to.address}:${to.port}`)
  if (open !== undefined) return void open.write(bytes)
  const socket = connect(to.port, to.address, () => {
    attach(socket)
    socket.write(bytes)
  })
}

const localMedia = () => ({
  address: place.address,
  port: media?.localPort ?? NO_PORT,
  id: 1,
  version: 1,
  direction: 'sendrecv' as const,
})

function act(actions: AgentAction[]): void {
  for (const action of actions) {
    if (action.do === 'send') {
      if (action.again > 0) counted.again += 1
      send(writeMessage(action.message), action.to)
    } else if (action.do === 'incoming') act(agent.pickUp(action.call, localMedia(), performance.now()))
    else if (action.do === 'media') begin(action)
    else if (action.do === 'ended' || action.do === 'failed') over(action)
    else if (action.do === 'refused') counted.refused.push(`${action.status} ${action.because}`)
    else if (action.do === 'session-refreshed') counted.refreshed += 1
    else if (action.do === 'registered') registered()
  }
  clearTimeout(timer)
  if (agent.dueAtMs < Number.POSITIVE_INFINITY)
    timer = setTimeout(
      () => act(agent.due(performance.now())),
      Math.max(0, agent.dueAtMs - performance.now()),
    )
}

function begin({ call, agreed }: Extract<AgentAction, { do: 'media' }>): void {
  counted.up += 1
  if (agreed.remotePort !== 0) void media?.start({ ...agreed, send: 'tone' })
  if (wish.calls) setTimeout(() => act(agent.hangUp(call, performance.now())), wish.calls.forMs)
}

function over({ do: how }: { do: 'ended' | 'failed' }): void {
  counted[how] += 1
  if (wish.calls === undefined) return
  if (counted.made < wish.calls.count) next()
  else void end()
}

function next(): void {
  counted.made += 1
  act(agent.call(wish.calls?.to ?? '', localMedia(), performance.now()).actions)
}

let isRegistered = false
function registered(): void {
  if (isRegistered) return
  isRegistered = true
  say('ready')
  if (wish.calls) next()
}

async function end(): Promise<void> {
  await media?.stop()
  say(`counted ${JSON.stringify(counted)}`)
  process.exit()
}
process.once('SIGTERM', () => void end())

if (wish.recordTo !== undefined)
  media = await openMedia({ address: place.address, groupId: 'sip:1', recordTo: wish.recordTo }, quiet)
udp.on('message', (bytes, { address, port }) =>
  act(agent.receive(readMessage(bytes), { transport: 'udp', address, port }, performance.now())),
)
udp.bind(place.port, place.address, () => {
  createServer(attach).listen(place.port, place.address, () => {
    if (wish.registrar === undefined) registered()
    else act(agent.register(performance.now()))
  })
})
