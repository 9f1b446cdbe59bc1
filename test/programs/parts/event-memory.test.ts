import { describe, expect, test } from 'vitest'
import { EventMemory } from '../../../src/programs/parts/event-memory.ts'

function started() {
  const memory = new EventMemory()
  return { memory, emit: memory.remember(() => {}) }
}

describe('EventMemory.until()', () => {
  test('finds what has happened, and waits for what has not', async () => {
    const { memory, emit } = started()
    emit('tcp:received', { bytes: 1 }, 'busy:1')
    const wanted = { name: 'tcp:received', groupId: 'busy:1' } as const
    expect(await memory.until(wanted, 10)).toEqual({ data: { bytes: 1 }, groupId: 'busy:1' })
    const second = memory.until({ ...wanted, occurrence: 2 }, 1000)
    emit('tcp:received', { bytes: 2 }, 'busy:2')
    emit('tcp:received', { bytes: 3 }, 'busy:1')
    expect((await second).data).toEqual({ bytes: 3 })
  })

  test('tells mechanisms apart, also where one name begins like another', async () => {
    const { memory, emit } = started()
    emit('tcp:received', { bytes: 1 }, 'half-close:1')
    emit('tcp:received', { bytes: 2 }, 'half:1')
    expect((await memory.until({ name: 'tcp:received', mechanism: 'half' }, 10)).data).toEqual({ bytes: 2 })
  })

  test('looks at fields', async () => {
    const { memory, emit } = started()
    emit('tcp:closed', { hadError: false }, 'x:1')
    emit('tcp:closed', { hadError: true }, 'x:2')
    const found = await memory.until({ name: 'tcp:closed', where: { hadError: true } }, 10)
    expect(found.groupId).toBe('x:2')
  })

  test('in vain, says what came instead', async () => {
    const { memory, emit } = started()
    emit('tcp:error_received', { code: 'ECONNRESET' }, 'x:1')
    await expect(memory.until({ name: 'tcp:connected', groupId: 'x:1' }, 10)).rejects.toThrow(
      'no tcp:connected x:1 within 10 ms; last seen: tcp:error_received {"code":"ECONNRESET"}',
    )
  })
})
