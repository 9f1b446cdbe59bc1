/** The operator's board, from what an exchange said. */
import { expect, test } from 'vitest'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import { CordBoards, cordsDrawn } from '../../src/view/cord-board.ts'

const event = <N extends EventName>(name: N, data: EventData<N>, host = 'lab') =>
  ({ name, data, host }) as LabEvent

test('it has a line for each cord, up to a screenful', () => {
  expect(cordsDrawn([3, 0])).toEqual([
    'cord 1   a 3 o================o b 3',
    'cord 2   a   o                o b',
  ])
  expect(cordsDrawn(Array(40).fill(0)).slice(-1)).toEqual(['and 24 more'])
})

test('cords are put in and taken out; who gets none is counted; a dead line is told', () => {
  const boards = new CordBoards()
  const moved = (owners: number[]) => boards.take(event('exchange:cords_moved', { exchange: 'busy', owners }))
  const heard = (state: 'busy' | 'idle') =>
    boards.take(
      event('telephone:call_updated', { line: 3, old: 'calling', new: state, trigger: 'busy' }, 'busy-a'),
    )
  expect(boards.all).toEqual([])
  expect(moved([1])).toBe(true)
  expect(heard('busy')).toBe(true)
  const tone = 'busy tones: 1; the last caller without a cord was line 3'
  expect(boards.all).toEqual([{ exchange: 'busy', lines: [...cordsDrawn([1]), tone] }])
  expect(heard('idle')).toBe(false)
  moved([0])
  expect(boards.all).toEqual([{ exchange: 'busy', lines: [...cordsDrawn([0]), tone] }])
  boards.take(event('exchange:line_lost', { exchange: 'busy', port: 'busy-b', calls: 1 }))
  expect(boards.all[0]?.lines.at(-1)).toBe('a line went dead: its calls are over')
})
