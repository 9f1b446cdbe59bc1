import { describe, expect, test } from 'vitest'
import { processHosts } from '../../src/hosts/process.ts'
import { noOffices } from '../support/process.ts'

describe('plain processes on loopback', () => {
  test('make pairs, as if with a switch', async () => {
    const pair = await (await processHosts(noOffices)).bootPair({ name: 'one', middle: 'switch' })
    expect([pair?.a.name, pair?.b.name]).toEqual(['one-a', 'one-b'])
  })

  test.each(['cable', 'router'] as const)('have no %s, and say so', async (middle) => {
    const hosts = await processHosts(noOffices)
    const missing = `plain processes on loopback have no ${middle}`
    expect(hosts.missingFor(middle)).toBe(missing)
    await expect(hosts.bootPair({ name: 'one', middle })).rejects.toThrow(missing)
  })
})
