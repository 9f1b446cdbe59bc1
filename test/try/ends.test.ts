import { describe, expect, test } from 'vitest'
import type { KernelSocket, TcpState } from '../../src/events/vocabulary.ts'
import { causeByTable, EndBeliefs } from '../../src/try/ends.ts'

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

test.each<[string, KernelSocket | null, string]>([
  ['a FIN', socket('CLOSE-WAIT'), 'fin'],
  ['its own close', socket('FIN-WAIT-1'), 'user_closed'],
  ['whatever left nothing in the table', null, 'kernel_has_none'],
])('a connection ends by %s, as far as the table tells', (_, now, cause) => {
  expect(causeByTable(now)).toBe(cause)
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
    expect(changes).toEqual(['x:1 up connected', 'x:1 down kernel_has_none'])
  })

  test('what its program says is about all of its connections, once', () => {
    const { changes, beliefs } = watched()
    beliefs.onSocketChange('x:1', null, up)
    beliefs.onSocketChange('x:2', null, up)
    beliefs.allDown('program_said', (group) => group !== 'x:3')
    beliefs.allDown('program_ended', () => true)
    beliefs.onSocketChange('x:1', up, null)
    expect(changes.slice(2)).toEqual(['x:1 down program_said', 'x:2 down program_said'])
  })
})
