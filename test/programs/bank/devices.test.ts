/** The browsers in which a user has signed in. */
import { afterEach, expect, test, vi } from 'vitest'
import { Devices } from '../../../src/programs/bank/devices.ts'
import { DEVICE_KEPT_MS, DEVICES_PER_USER_MAX } from '../../../src/protocols/http-session/constants.ts'
import { spiedStore } from './support.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a device is known by its id to its user, keeps it, and the store has no id', async () => {
  const { store, copy } = spiedStore()
  const devices = new Devices(store)
  const id = await devices.remember('alice', null)
  expect(await devices.knownAs('alice', id)).toMatch(/^[\da-f]{64}$/)
  expect(await devices.knownAs('bob', id)).toBeNull()
  expect(await devices.knownAs('alice', 'f'.repeat(32))).toBeNull()
  expect(await devices.remember('alice', id)).toBe(id)
  // One that came along, and is nobody's, is not taken over.
  expect(await devices.remember('bob', id)).not.toBe(id)
  expect(copy()).not.toContain(id)
})

test('so many are known of a user, and for so long', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const devices = new Devices(spiedStore().store)
  const ids: string[] = []
  for (let count = 0; count < DEVICES_PER_USER_MAX; count += 1)
    ids.push(await devices.remember('alice', null))
  const [oldest = '', second = ''] = ids
  // To sign in again makes it the newest.
  await devices.remember('alice', oldest)
  const newest = await devices.remember('alice', null)
  const known = async (id: string) => (await devices.knownAs('alice', id)) !== null
  expect([await known(oldest), await known(second), await known(newest)]).toEqual([true, false, true])
  vi.setSystemTime(Date.now() + DEVICE_KEPT_MS)
  expect(await known(newest)).toBe(false)
})
