/** What every store promises. Each kind of store runs these tests on itself. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Change, Entry, Json, Store } from '../../src/store/store.ts'

function writing<T>(entries: Record<string, Entry | null>, result: T): Change<T> {
  return { write: new Map(Object.entries(entries)), result }
}
function plusOne(store: Store, key: string): Promise<number> {
  return store.update([key], (values) => {
    const value = Number(values.get(key) ?? 0) + 1
    return writing({ [key]: { value } }, value)
  })
}

/**
 * @param open two views of one and the same store, as two processes would have it; twice the same in memory
 */
export function testContract(open: () => Promise<[Store, Store]>): void {
  test('a key without a value has none, one that was written has what was written', async () => {
    const [store, other] = await open()
    expect(await store.get('nothing')).toBeUndefined()
    const value: Json = { text: 'ü\u0000"', list: [1, null, true, { deep: -0.5 }], empty: '' }
    await store.update([], () => writing({ a: { value } }, null))
    expect(await store.get('a')).toEqual(value)
    expect(await other.get('a')).toEqual(value)
  })

  test('null is a value, and a deletion is none', async () => {
    const [store] = await open()
    await store.update([], () => writing({ a: { value: null }, b: { value: 1 } }, null))
    await store.update([], () => writing({ b: null, never: null }, null))
    expect(await store.get('a')).toBeNull()
    expect(await store.get('b')).toBeUndefined()
  })

  test('a change sees the values of its keys, and its result is what update resolves with', async () => {
    const [store] = await open()
    await store.update([], () => writing({ a: { value: 1 }, b: { value: 2 } }, null))
    const seen = await store.update(['a', 'b', 'c'], (values) => writing({}, [...values]))
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', undefined],
    ])
  })

  test('a change that throws writes nothing', async () => {
    const [store] = await open()
    const failing = store.update(['a'], () => {
      throw new Error('the change decided against it')
    })
    await expect(failing).rejects.toThrow('decided against it')
    await expect(
      store.update([], () => writing({ a: { value: 1 }, 'not a key': { value: 1 } }, null)),
    ).rejects.toThrow(RangeError)
    expect(await store.get('a')).toBeUndefined()
  })

  test.each(['', ' ', 'a b', 'ü', 'x'.repeat(201), 'a\n'])('%j is no key', async (key) => {
    const [store] = await open()
    await expect(store.get(key)).rejects.toThrow(RangeError)
    await expect(store.update([key], () => writing({}, null))).rejects.toThrow(RangeError)
  })

  test('a hundred changes at once of one value all count', async () => {
    const [store, other] = await open()
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => plusOne(index % 2 === 0 ? store : other, 'count')),
    )
    expect(new Set(results).size).toBe(100)
    expect(await other.get('count')).toBe(100)
  })

  test('two values that are changed together are never seen apart', async () => {
    const [store, other] = await open()
    const move = (amount: number) =>
      store.update(['from', 'to'], (values) => {
        const from = Number(values.get('from') ?? 100) - amount
        const to = Number(values.get('to') ?? 0) + amount
        return writing({ from: { value: from }, to: { value: to } }, null)
      })
    const look = () =>
      other.update(['from', 'to'], (values) =>
        writing({}, Number(values.get('from') ?? 100) + Number(values.get('to') ?? 0)),
      )
    const looks = Array.from({ length: 20 }, (_, index) => [move(index % 3), look()] as const).flat()
    const sums = (await Promise.all(looks)).filter((sum) => sum !== null)
    expect(sums).toEqual(Array(20).fill(100))
  })

  test('what has expired is not there, neither to read nor to change; what was written anew is', async () => {
    const [store, other] = await open()
    const expiresAtMs = Date.now() + 200
    await store.update([], () =>
      writing(
        { a: { value: 1, expiresAtMs }, b: { value: 2, expiresAtMs }, c: { value: 3, expiresAtMs } },
        null,
      ),
    )
    expect(await other.get('a')).toBe(1)
    // No expiry any more, and a later one.
    await store.update([], () =>
      writing({ b: { value: 2 }, c: { value: 4, expiresAtMs: expiresAtMs + 60_000 } }, null),
    )
    await delay(250)
    expect(await other.get('a')).toBeUndefined()
    expect(await store.update(['a', 'b', 'c'], (values) => writing({}, [...values.values()]))).toEqual([
      undefined,
      2,
      4,
    ])
  })

  test('a value is a copy', async () => {
    const [store] = await open()
    const value = { list: [1] }
    await store.update([], () => writing({ a: { value } }, null))
    value.list.push(2)
    const read = (await store.get('a')) as { list: number[] }
    expect(read).toEqual({ list: [1] })
    read.list.push(3)
    expect(await store.get('a')).toEqual({ list: [1] })
  })
}
