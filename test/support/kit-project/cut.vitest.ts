/** With vitest, which tells which test runs. */

import { open } from 'stillhere'
import { expect, test } from 'vitest'
import { echo, talker } from './programs.cjs'

test('is lost in a cut', async () => {
  await using lab = await open()
  await lab.server.start(echo)
  const client = await lab.client.start(talker)
  await lab.talking()
  await lab.during('cut', () => client.says(/lost/, { within: '2s' }))
  expect(await lab.connections()).toMatchObject([{ state: 'ESTABLISHED', server: { state: 'ESTABLISHED' } }])
})

test.skipIf(process.env.FAILING === undefined)('fails by itself', async () => {
  await using lab = await open()
  expect(await lab.connections()).toEqual(['none, and this is wrong'])
})
