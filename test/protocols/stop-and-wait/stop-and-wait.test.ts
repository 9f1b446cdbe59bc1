import { describe, expect, test } from 'vitest'
import { formatAcknowledgement, parseAcknowledgement } from '../../../src/protocols/stop-and-wait/message.ts'
import { StopAndWaitReceiver } from '../../../src/protocols/stop-and-wait/receiver.ts'
import { StopAndWaitSender } from '../../../src/protocols/stop-and-wait/sender.ts'

const limits = { count: 2, timeoutMs: 200, triesMax: 3 }

describe('an acknowledgement', () => {
  test('is a line of text with the number', () => {
    expect(String(formatAcknowledgement(3))).toBe('ack 3\n')
    expect(parseAcknowledgement(formatAcknowledgement(3))).toBe(3)
  })

  test.each([
    '',
    'ack',
    'ack 0\n',
    'ack -1\n',
    'ack 1',
    'ack 1000000\n',
    'ack 1\nack 2\n',
    'datagram 1 of 1\n',
  ])('%j is none', (text) => {
    expect(parseAcknowledgement(Buffer.from(text))).toBeNull()
  })
})

describe('StopAndWaitSender', () => {
  test('sends the next message only when the one before is acknowledged', () => {
    const sender = new StopAndWaitSender(limits)
    expect(sender.start(0)).toEqual({ do: 'send', number: 1, tries: 1 })
    expect(sender.time(199)).toBeNull()
    expect(sender.acknowledge(1, 5)).toEqual({ do: 'send', number: 2, tries: 1 })
    expect(sender.dueAtMs).toBe(205)
    expect(sender.acknowledge(2, 9)).toEqual({ do: 'stop', because: 'all-acknowledged' })
  })

  test('sends again in time, and gives up after its tries', () => {
    const sender = new StopAndWaitSender(limits)
    sender.start(0)
    expect(sender.time(200)).toEqual({ do: 'send', number: 1, tries: 2 })
    expect(sender.time(399)).toBeNull()
    expect(sender.time(400)).toEqual({ do: 'send', number: 1, tries: 3 })
    expect(sender.time(600)).toEqual({ do: 'stop', because: 'given-up' })
    expect(sender.time(800)).toBeNull()
    expect(sender.acknowledge(1, 900)).toBeNull()
  })

  test('a second acknowledgement, or one of something never sent, moves nothing', () => {
    const sender = new StopAndWaitSender(limits)
    sender.start(0)
    sender.acknowledge(1, 5)
    expect(sender.acknowledge(1, 6)).toBeNull()
    expect(sender.acknowledge(3, 7)).toBeNull()
    expect([sender.number, sender.tries]).toEqual([2, 1])
  })
})

test('StopAndWaitReceiver takes each once and in order, and acknowledges copies too', () => {
  const receiver = new StopAndWaitReceiver()
  expect([1, 1, 3, 2, 1].map((number) => receiver.receive(number))).toEqual([
    { isNew: true, acknowledge: true },
    { isNew: false, acknowledge: true },
    { isNew: false, acknowledge: false },
    { isNew: true, acknowledge: true },
    { isNew: false, acknowledge: true },
  ])
})
