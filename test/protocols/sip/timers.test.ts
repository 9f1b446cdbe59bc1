/** Each timer of the transactions by itself, against a clock that is passed in (RFC 3261 section 17, RFC 6026). */
import { expect, test } from 'vitest'
import { Client } from '../../../src/protocols/sip/client.ts'
import { responseTo } from '../../../src/protocols/sip/compose.ts'
import { TIMING } from '../../../src/protocols/sip/constants.ts'
import { InviteClient } from '../../../src/protocols/sip/invite-client.ts'
import { InviteServer } from '../../../src/protocols/sip/invite-server.ts'
import type { MachineAction } from '../../../src/protocols/sip/machine.ts'
import type { Request } from '../../../src/protocols/sip/message.ts'
import { Server } from '../../../src/protocols/sip/server.ts'

const { t1Ms, t2Ms, t4Ms } = TIMING
const T64 = 64 * t1Ms
const FIRST_MS = 1_000

function ask(method: string): Request {
  const headers = [
    { name: 'Via', value: 'SIP/2.0/UDP 10.0.1.1;branch=z9hG4bK1' },
    { name: 'From', value: '<sip:alice@10.0.1.1>;tag=1' },
    { name: 'To', value: '<sip:bob@10.0.1.2>' },
    { name: 'Call-ID', value: '1' },
    { name: 'CSeq', value: `1 ${method}` },
  ]
  return { kind: 'request', method, target: 'sip:bob@10.0.1.2', headers, body: Buffer.alloc(0) }
}

const answer = (method: string, status: number) => responseTo(ask(method), { status, toTag: '2' })

interface Timed {
  readonly dueAtMs: number
  readonly state: string
  due(nowMs: number): MachineAction[]
}

/** All that it does by itself from now on: when, and of which timer, what; and when it is over. */
function lifeOf(machine: Timed) {
  const sentAtMs: number[] = []
  let overAtMs = Infinity
  let failure: string | null = null
  while (machine.dueAtMs < Infinity) {
    const nowMs = machine.dueAtMs
    expect(machine.due(nowMs - 1)).toEqual([])
    for (const action of machine.due(nowMs)) {
      if (action.do === 'send') sentAtMs.push(nowMs - FIRST_MS)
      if (action.do === 'fail') failure = action.because
      if (action.do === 'note-state' && action.new === 'terminated') overAtMs = nowMs - FIRST_MS
    }
  }
  expect(machine.state).toBe('terminated')
  return { sentAtMs, overAtMs, failure }
}

const OVER = [
  ['UDP', false],
  ['TCP', true],
] as const

function inviteClient(isReliable: boolean): InviteClient {
  const machine = new InviteClient(ask('INVITE'), { timing: TIMING, isReliable })
  machine.start(0)
  return machine
}
function client(isReliable: boolean, startMs = 0): Client {
  const machine = new Client(ask('OPTIONS'), { timing: TIMING, isReliable })
  machine.start(startMs)
  return machine
}
const inviteServer = (isReliable: boolean) => new InviteServer(ask('INVITE'), { timing: TIMING, isReliable })
const server = (isReliable: boolean) => new Server(ask('OPTIONS'), { timing: TIMING, isReliable })

const DOUBLED = [t1Ms, 3 * t1Ms, 7 * t1Ms]
/** From then on every T2. */
const EVERY_T2 = [11_500, 15_500, 19_500, 23_500, 27_500, 31_500]

test.each(OVER)(
  'A and B over %s: INVITE again after T1 and its doubles, never over TCP; 64 T1',
  (_, isReliable) => {
    const machine = new InviteClient(ask('INVITE'), { timing: TIMING, isReliable })
    machine.start(FIRST_MS)
    const sentAtMs = isReliable ? [] : [...DOUBLED, 15 * t1Ms, 31 * t1Ms, 63 * t1Ms]
    expect(lifeOf(machine)).toEqual({ sentAtMs, overAtMs: T64, failure: 'timeout' })
  },
)

test.each(OVER)(
  'D over %s: after a refusal 32 s, in which it is acknowledged again; nothing over TCP',
  (_, isReliable) => {
    const machine = inviteClient(isReliable)
    const refusal = answer('INVITE', 486)
    expect(machine.receive(refusal, FIRST_MS).map((action) => action.do)).toContain('send')
    if (!isReliable) {
      const again = machine.receive(refusal, FIRST_MS)
      expect(again.map((action) => action.do === 'send' && (action.message as Request).method)).toEqual([
        'ACK',
      ])
    }
    expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: isReliable ? 0 : 32_000, failure: null })
  },
)

test.each(OVER)(
  'M over %s: after a success 64 T1, in which it is delivered again, from others too',
  (_, isReliable) => {
    const machine = inviteClient(isReliable)
    for (const atMs of [FIRST_MS, FIRST_MS + 1])
      expect(machine.receive(answer('INVITE', 200), atMs).map((action) => action.do)).toContain('deliver')
    expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: T64, failure: null })
  },
)

test.each(OVER)('E and F over %s: a request again up to every T2, never over TCP; 64 T1', (_, isReliable) => {
  const sentAtMs = isReliable ? [] : [...DOUBLED, 7_500, ...EVERY_T2]
  expect(lifeOf(client(isReliable, FIRST_MS))).toEqual({ sentAtMs, overAtMs: T64, failure: 'timeout' })
})

test('E and F after a 1xx: every T2, and the patience counts from the beginning', () => {
  const machine = client(false, FIRST_MS)
  machine.receive(answer('OPTIONS', 100), FIRST_MS + 100)
  const sentAtMs = [1, 2, 3, 4, 5, 6, 7].map((times) => 100 + times * t2Ms)
  expect(lifeOf(machine)).toEqual({ sentAtMs, overAtMs: T64, failure: 'timeout' })
})

test.each(OVER)('K over %s: T4, in which the answer may come again; nothing over TCP', (_, isReliable) => {
  const machine = client(isReliable)
  machine.receive(answer('OPTIONS', 200), FIRST_MS)
  expect(machine.receive(answer('OPTIONS', 200), FIRST_MS)).toEqual([])
  expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: isReliable ? 0 : t4Ms, failure: null })
})

test.each(OVER)('G and H over %s: a refusal again up to every T2, never over TCP; 64 T1', (_, isReliable) => {
  const machine = inviteServer(isReliable)
  machine.respond(answer('INVITE', 486), FIRST_MS)
  const sentAtMs = isReliable ? [] : [...DOUBLED, 7_500, ...EVERY_T2]
  expect(lifeOf(machine)).toEqual({ sentAtMs, overAtMs: T64, failure: 'timeout' })
})

test.each(OVER)('I over %s: after ACK T4, in which ACK may come again; nothing over TCP', (_, isReliable) => {
  const machine = inviteServer(isReliable)
  machine.respond(answer('INVITE', 486), 0)
  machine.receive(ask('ACK'), FIRST_MS)
  expect(machine.state).toBe('confirmed')
  expect(machine.receive(ask('ACK'), FIRST_MS)).toEqual([])
  expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: isReliable ? 0 : t4Ms, failure: null })
})

test.each(OVER)(
  'L over %s: after a success 64 T1, in which an INVITE that comes again is taken in',
  (_, isReliable) => {
    const machine = inviteServer(isReliable)
    machine.respond(answer('INVITE', 200), FIRST_MS)
    expect(machine.receive(ask('INVITE'), FIRST_MS)).toEqual([])
    expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: T64, failure: null })
  },
)

test.each(OVER)(
  'J over %s: 64 T1, in which the request is answered again; nothing over TCP',
  (_, isReliable) => {
    const machine = server(isReliable)
    machine.respond(answer('OPTIONS', 200), FIRST_MS)
    const again = machine.receive(ask('OPTIONS'), FIRST_MS)
    expect(again.map((action) => action.do)).toEqual(['send'])
    expect(lifeOf(machine)).toEqual({ sentAtMs: [], overAtMs: isReliable ? 0 : T64, failure: null })
  },
)
