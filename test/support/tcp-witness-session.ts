/**
 * What lab:tcp does, with other people's programs: nc and socat are the clients of our servers, ss says in which
 * states the sockets are. Started by tcp-witness.test.ts.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { execute } from '../../src/hosts/commands.ts'
import type { Host, Pair } from '../../src/hosts/host.ts'
import { openSession } from './session.ts'

const { rig, report } = await openSession()
const [slow, both, half, frozen] = (await rig.boot([
  { name: 'slow', middle: 'cable' },
  { name: 'both', middle: 'cable' },
  'half',
  'frozen',
])) as [Pair, Pair, Pair, Pair]
const within = { withinMs: 3000 }

/** What ss says of a host's sockets at a port, listening ones last. */
async function statesOf({ commandPrefix }: Host, port: number): Promise<string[]> {
  const { stdout } = await execute([...commandPrefix, 'ss', '-tanH'])
  const lines = stdout.split('\n').filter((line) => line.includes(`:${port}`))
  return lines.map((line) => line.trim().split(/\s+/)[0] ?? '').sort((one) => (one === 'LISTEN' ? 1 : -1))
}

/** Looks until a state is there. @returns what ss says of both hosts then */
async function until({ a, b }: Pair, side: 'a' | 'b', port: number, state: string) {
  for (let tries = 0; tries < 200; tries++) {
    if ((await statesOf({ a, b }[side], port)).includes(state)) break
    await delay(10)
  }
  return { a: await statesOf(a, port), b: await statesOf(b, port) }
}

function client({ a }: Pair, argv: string[]) {
  const [program = '', ...args] = [...a.commandPrefix, ...argv]
  const child = spawn(program, args)
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(String(text)))
  return { child, said, ended: once(child, 'close') }
}

// One life, slowly: nc opens, and closes when its input ends (-N).
const seen: Record<string, { a: string[]; b: string[] }> = {}
const cable = rig.cable(slow)
const open = await rig.sockets(slow.b).tcp.listen('open', { allowHalfOpen: true })
const { port } = open.at
seen.LISTEN = await until(slow, 'b', port, 'LISTEN')
await cable.hold('aToB', ['syn'])
const nc = client(slow, ['nc', '-N', open.at.address, String(port)])
seen['SYN-SENT'] = await until(slow, 'a', port, 'SYN-SENT')
await cable.hold('bToA', ['syn-ack'])
await cable.release('aToB', ['ack'])
seen['SYN-RECEIVED'] = await until(slow, 'b', port, 'SYN-RECV')
await cable.release('bToA')
seen['one-sided'] = await until(slow, 'a', port, 'ESTAB')
await cable.release('aToB')
seen.ESTABLISHED = await until(slow, 'b', port, 'ESTAB')
const { groupId = '' } = await rig.untilEvent(slow.b, 'tcp:accepted', { mechanism: 'open', ...within })

await cable.hold('aToB', ['fin'])
nc.child.stdin.end()
seen['FIN-WAIT-1'] = await until(slow, 'a', port, 'FIN-WAIT-1')
await cable.hold('bToA', ['ack'])
await cable.release('aToB')
seen['CLOSE-WAIT'] = await until(slow, 'b', port, 'CLOSE-WAIT')
await cable.release('bToA', ['fin'])
seen['FIN-WAIT-2'] = await until(slow, 'a', port, 'FIN-WAIT-2')
await open.accepted({ groupId }).end()
seen['LAST-ACK'] = await until(slow, 'b', port, 'LAST-ACK')
await cable.hold('aToB', ['ack'])
await cable.release('bToA')
seen['TIME-WAIT'] = await until(slow, 'a', port, 'TIME-WAIT')
await cable.release('aToB')
await nc.ended

// Both close first.
const crossing = rig.cable(both)
const listener = await rig.sockets(both.b).tcp.listen('both')
const other = client(both, ['nc', '-N', listener.at.address, String(listener.at.port)])
const accepted = await rig.untilEvent(both.b, 'tcp:accepted', { mechanism: 'both', ...within })
for (const direction of ['aToB', 'bToA'] as const) {
  await crossing.set(direction, { delayMs: 50 })
  await crossing.hold(direction, ['fin'])
}
other.child.stdin.end()
await listener.accepted({ groupId: accepted.groupId ?? '' }).end()
await until(both, 'a', listener.at.port, 'FIN-WAIT-1')
await until(both, 'b', listener.at.port, 'FIN-WAIT-1')
for (const direction of ['aToB', 'bToA'] as const) await crossing.release(direction, ['ack', 'fin'])
await until(both, 'a', listener.at.port, 'CLOSING')
seen.CLOSING = await until(both, 'b', listener.at.port, 'CLOSING')
for (const direction of ['aToB', 'bToA'] as const) await crossing.release(direction)
await other.ended

// socat says all it has to say, and still hears the answer.
const halfOpen = await rig.sockets(half.b).tcp.listen('half', { allowHalfOpen: true })
const socat = client(half, ['socat', '-t', '5', '-', `TCP:${halfOpen.at.address}:${halfOpen.at.port}`])
socat.child.stdin.end('all I have to say')
const ended = await rig.untilEvent(half.b, 'tcp:end_received', { mechanism: 'half', ...within })
const server = halfOpen.accepted({ groupId: ended.groupId ?? '' })
await server.write('still here')
await server.end()
await socat.ended

// The program is stopped; nc is connected all the same, and ss counts who waits.
const queue = await rig.sockets(frozen.b).tcp.listen('queue', { backlog: 2 })
const { undo } = await rig.strike('freeze', frozen)
const nobodyAsked = client(frozen, ['nc', '-v', '-w', '2', queue.at.address, String(queue.at.port)])
await until(frozen, 'a', queue.at.port, 'ESTAB')
const { stdout: listening } = await execute([...frozen.b.commandPrefix, 'ss', '-tlnH'])
await undo()
nobodyAsked.child.stdin.end()
await nobodyAsked.ended

await report({
  seen,
  socat: socat.said.join(''),
  frozen: nobodyAsked.said.join(''),
  listening: listening.trim().split(/\s+/).slice(0, 3),
})
