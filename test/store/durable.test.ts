import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { durableStore } from '../../src/store/durable.ts'
import type { Entry } from '../../src/store/store.ts'
import { testContract } from './contract.ts'

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'store.d')
}

describe('a durable store', () => {
  testContract(async () => {
    const store = durableStore(folderForTest())
    onTestFinished(() => store.close())
    return [store, store]
  })

  test('what it resolved with is there when the folder is opened again', async () => {
    const folder = folderForTest()
    const before = durableStore(folder)
    await before.update([], () => ({ write: new Map([['a', { value: 1 }]]), result: null }))
    await before.close()
    const after = durableStore(folder)
    onTestFinished(() => after.close())
    expect(await after.get('a')).toBe(1)
  })

  test("the folder is its owner's alone", () => {
    const folder = folderForTest()
    const store = durableStore(folder)
    onTestFinished(() => store.close())
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('expired entries go from the disk too', async () => {
    const folder = folderForTest()
    const store = durableStore(folder)
    const expiresAtMs = Date.now() - 1
    const write = new Map<string, Entry>([['kept', { value: 1 }]])
    for (let index = 0; index < 100; index += 1) write.set(`x${index}`, { value: index, expiresAtMs })
    await store.update([], () => ({ write, result: null }))
    for (let round = 0; round < 20; round += 1) {
      await store.update([], () => ({ write: new Map(), result: null }))
    }
    await store.close()
    const table = open({ path: folder, encoding: 'json', noSubdir: false })
    onTestFinished(() => table.close())
    expect([...table.getKeys()]).toEqual(['kept'])
  })
})
