import { describe, expect, test } from 'vitest'
import type { KernelSocket, TcpState } from '../../src/events/vocabulary.ts'
import { causeOfEnd, EndBeliefs } from '../../src/try/ends.ts'

const socket = (state: TcpState, more: Partial<KernelSocket> = {}): KernelSocket => ({
  state,
  timer: 'none',
  unansweredProbes: 0,
  retransmits: 0,
  sendQueueBytes: 0,
  receiveQueueBytes: 0,
  ...more,
})
const up = socket('ESTABLISHED')

test.each<[string, KernelSocket, KernelSocket | null, string]>([
  ['a FIN', up, socket('CLOSE-WAIT'), 'fin'],
  ['its own close', up, socket('FIN-WAIT-1'), 'user_closed'],
  ['probes that nobody answers', socket('ESTABLISHED', { unansweredProbes: 2 }), null, 'kernel_gave_up'],
  ['data that nobody acknowledges', socket('ESTABLISHED', { retransmits: 2 }), null, 'kernel_gave_up'],
  ['an RST', up, null, 'econnreset'],
])('a connection ends by %s', (_, before, now, cause) => {
  expect(causeOfEnd(before, now)).toBe(cause)
})

describe('what an end is taken to believe', () => {
  function watched() {
    const changes: string[] = []
    const beliefs = new EndBeliefs((name, data, group) => {
      if (name === 'belief:updated' && 'trigger' in data) {
        changes.push(`${group} ${'new' in data ? data.new : ''} ${data.trigger}`)
      }
    })
    return { changes, beliefs }
  }

  test('follows its kernel', () => {
    const { changes, beliefs } = watched()
    beliefs.onSocketChange('x:1', null, socket('SYN-SENT'))
    beliefs.onSocketChange('x:1', socket('SYN-SENT'), up)
    beliefs.onSocketChange('x:1', up, socket('ESTABLISHED', { unansweredProbes: 1 }))
    beliefs.onSocketChange('x:1', socket('ESTABLISHED', { unansweredProbes: 1 }), null)
    expect(changes).toEqual(['x:1 up connected', 'x:1 down kernel_gave_up'])
  })

  test('what its program says is about all of its connections, once', () => {
    const { changes, beliefs } = watched()
    beliefs.onSocketChange('x:1', null, up)
    beliefs.onSocketChange('x:2', null, up)
    beliefs.allDown('program_said')
    beliefs.allDown('program_ended')
    beliefs.onSocketChange('x:1', up, null)
    expect(changes.slice(2)).toEqual(['x:1 down program_said', 'x:2 down program_said'])
  })
})
