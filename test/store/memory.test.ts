import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import { SWEPT_PER_UPDATE } from '../../src/store/store.ts'
import { testContract } from './contract.ts'

describe('a store in memory', () => {
  testContract(async () => {
    const store = memoryStore()
    return [store, store]
  })
})

describe('sweeping', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('expired entries go, a few with each update', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    // The only way to see what is no longer to be read.
    const deleted = vi.spyOn(Map.prototype, 'delete')
    const store = memoryStore()
    const expiresAtMs = Date.now() + 1000
    const entries = Array.from(
      { length: 100 },
      (_, index) => [`x${index}`, { value: index, expiresAtMs }] as const,
    )
    await store.update([], () => ({ write: new Map(entries), result: null }))
    const touch = () => store.update([], () => ({ write: new Map(), result: null }))
    await touch()
    expect(deleted).not.toHaveBeenCalled()
    vi.setSystemTime(expiresAtMs)
    await touch()
    expect(deleted.mock.calls.length).toBeLessThanOrEqual(SWEPT_PER_UPDATE)
    for (let round = 0; round < 20; round += 1) await touch()
    expect(deleted).toHaveBeenCalledTimes(100)
    deleted.mockRestore()
  })
})
