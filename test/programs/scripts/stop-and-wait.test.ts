/** Stop-and-wait on real sockets, also by hand: `nc` for a sender. */
import { spawn, spawnSync } from 'node:child_process'
import * as dgram from 'node:dgram'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { bindUdp } from '../../../src/programs/parts/udp-socket.ts'
import { scriptStopAndWait } from '../../../src/programs/scripts/stop-and-wait/script.ts'
import { collectEvents } from '../../support/events.ts'
import { testNeeding } from '../../support/needs.ts'

const LOOPBACK = '127.0.0.1'
const limits = { count: 3, timeoutMs: 60, triesMax: 3 }
const hasNc = spawnSync('nc', ['-h']).error === undefined

function started() {
  const collected = collectEvents()
  const script = scriptStopAndWait({ address: LOOPBACK, emitterOf: () => collected.emit })
  onTestFinished(() => script.close())
  return { ...collected, ...script }
}

async function rawSocket(): Promise<{ socket: dgram.Socket; at: { address: string; port: number } }> {
  const socket = dgram.createSocket('udp4')
  onTestFinished(() => {
    socket.close()
  })
  return { socket, at: { address: LOOPBACK, port: await bindUdp(socket, { host: LOOPBACK, port: 0 }) } }
}

test('messages are handed over once, in order, and each is acknowledged', async () => {
  const [sender, receiver] = [started(), started()]
  const { port } = await receiver.answer.stopAndWaitReceive({ mechanism: 'exact', port: 0 })
  const to = { address: LOOPBACK, port }
  const { outcome } = await sender.answer.stopAndWaitSend({ mechanism: 'exact', to, bytes: 50, ...limits })

  expect(outcome).toBe('all-acknowledged')
  const handed = receiver.events.filter(({ name }) => name === 'delivery:handed_over')
  expect(handed.map(({ data }) => data)).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }])
  expect(sender.events.filter(({ name }) => name === 'delivery:acknowledged')).toHaveLength(3)
})

test('who is deaf at first gets the same message again; who stays deaf is given up', async () => {
  const { answer, events } = started()
  const { socket, at } = await rawSocket()
  const heard: string[] = []
  socket.on('message', (message, from) => {
    const [, number] = /^datagram (\d)/.exec(String(message)) ?? []
    heard.push(number ?? '?')
    // Its first copy is lost; of the second message each is.
    if (number === '1' && heard.length > 1) socket.send('ack 1\n', from.port, from.address)
    // Nonsense is no answer, nor is one to something never sent.
    else for (const words of ['ack 2', 'ack 3\n', '']) socket.send(words, from.port, from.address)
  })
  const asked = { mechanism: 'exact', to: at, bytes: 0, ...limits }

  expect(await answer.stopAndWaitSend(asked)).toEqual({ outcome: 'given-up' })
  expect(heard).toEqual(['1', '1', '2', '2', '2'])
  expect(events.find(({ name }) => name === 'delivery:given_up')?.data).toEqual({ number: 2, tries: 3 })
})

test('nobody listens: ECONNREFUSED is no answer, the timer decides', async () => {
  const { answer, events } = started()
  const other = dgram.createSocket('udp4')
  await bindUdp(other, { host: LOOPBACK, port: 0 })
  const { port } = other.address()
  other.close()
  await once(other, 'close')
  const asked = { mechanism: 'exact', to: { address: LOOPBACK, port }, bytes: 0, ...limits, triesMax: 2 }

  expect(await answer.stopAndWaitSend(asked)).toEqual({ outcome: 'given-up' })
  if (process.platform === 'linux') {
    expect(events.some(({ name }) => name === 'udp:error_received')).toBe(true)
  }
})

testNeeding('nc', hasNc)('a person can be the sender, and is acknowledged for a copy too', async () => {
  const { answer, events, until } = started()
  const { port } = await answer.stopAndWaitReceive({ mechanism: 'exact', port: 0 })
  // Always from the same port: to the receiver both copies are from one sender.
  const argv = ['-u', '-p', '45871', '-s', LOOPBACK, '-w', '1', LOOPBACK, String(port)]
  const says = async (line: string) => {
    const nc = spawn('nc', argv)
    onTestFinished(() => {
      nc.kill()
    })
    let heard = ''
    nc.stdout.on('data', (data) => {
      heard += data
    })
    nc.stdin.write(line)
    await once(nc, 'close')
    return heard
  }

  expect(await says('datagram 1 of 2\n')).toBe('ack 1\n')
  expect(await says('datagram 1 of 2\n')).toBe('ack 1\n')
  expect(await says('hello\n')).toBe('')
  await until('delivery:handed_over')
  expect(events.filter(({ name }) => name === 'delivery:handed_over')).toHaveLength(1)
})
