/** A telephone's keep-alive over UDP: what each answer of the registrar means. */
import { expect, onTestFinished, test } from 'vitest'
import { startKeepAlive } from '../../../src/programs/parts/sip-keepalive.ts'
import { readStun, writeBindingSuccess } from '../../../src/protocols/stun/message.ts'

const TO = { transport: 'udp', address: '192.0.2.1', port: 5060 } as const

test('seen at another address than before, it tells so and registers again', async () => {
  const told: [string, unknown][] = []
  let registered = 0
  /** A router in between forgets it after the second question, and gives it another port. */
  const ports = [4000, 4000, 4001, 4001]
  const keepAlive = startKeepAlive({
    everyMs: 5,
    to: TO,
    transport: {
      ping() {},
      sendStun(question) {
        const transaction = readStun(question)?.transaction
        const port = ports.shift()
        if (transaction === undefined || port === undefined) return
        keepAlive.take(writeBindingSuccess(transaction, { address: '198.51.100.7', port }))
      },
    },
    emit: (name, data) => told.push([name, data]),
    registerAgain: () => {
      registered += 1
    },
  })
  onTestFinished(() => keepAlive.stop())
  await expect.poll(() => ports.length).toBe(0)
  const changes = told.filter(([name]) => name === 'sip:mapping_changed')
  expect(changes).toEqual([['sip:mapping_changed', { old: '198.51.100.7:4000', new: '198.51.100.7:4001' }]])
  expect(registered).toBe(1)
})
