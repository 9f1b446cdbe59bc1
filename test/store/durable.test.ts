import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { durableStore } from '../../src/store/durable.ts'
import type { Entry } from '../../src/store/store.ts'
import { runTypeScript } from '../support/process.ts'
import { testContract } from './contract.ts'

const COUNTER = fileURLToPath(new URL('../support/store-counter.ts', import.meta.url))

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

  test('two processes take turns, and one that is killed in its turn does not keep it', async () => {
    const folder = folderForTest()
    const store = durableStore(folder)
    onTestFinished(() => store.close())
    const counters = [1, 2].map(() => runTypeScript(COUNTER, folder))
    onTestFinished(() => {
      for (const { child } of counters) child.kill('SIGKILL')
    })
    await Promise.all(counters.map((counter) => counter.untilPrinted(/\n/)))
    let mine = 0
    const count = () =>
      store.update(['count'], (values) => {
        const value = Number(values.get('count') ?? 0) + 1
        return { write: new Map([['count', { value }]]), result: value }
      })
    const seen = new Set<number>()
    const countOn = async (times: number) => {
      for (let time = 0; time < times; time += 1, mine += 1) seen.add(await count())
    }
    await countOn(50)
    for (const { child, ended } of counters) {
      child.kill('SIGKILL')
      await ended
      await countOn(50)
    }
    const theirs = counters.flatMap((counter) => counter.stdout().trim().split('\n').map(Number))
    const all = new Set([...seen, ...theirs])
    // No number twice; each killed one may have counted once more than it could say.
    expect(all.size).toBe(mine + theirs.length)
    const last = Number(await store.get('count'))
    expect([0, 1, 2]).toContain(last - all.size)
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
