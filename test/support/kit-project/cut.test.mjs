/** With node:test, which says of itself which test it is. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { open, whyNot } from 'stillhere'

const { echo, talker } = createRequire(import.meta.url)('./programs.cjs')

async function cut(lab, pattern) {
  await lab.server.start(echo)
  const client = await lab.client.start(talker)
  await lab.talking()
  const said = await lab.during('cut', () => client.says(pattern, { within: '2s' }))
  assert.ok(said.afterMs > 300 && said.afterMs < 2000, `${said.afterMs} ms`)
}

const skip = (await whyNot()) ?? false

test('is lost in a cut', { skip }, async (t) => {
  const lab = await open({ test: t })
  try {
    await cut(lab, /lost/)
    assert.deepEqual(
      (await lab.connections()).map(({ state }) => state),
      ['ESTABLISHED'],
    )
  } finally {
    await lab.close()
  }
})

test('fails by itself', { skip: process.env.FAILING === undefined }, async (t) => {
  const lab = await open({ test: t })
  try {
    assert.deepEqual(await lab.connections(), ['none, and this is wrong'])
  } finally {
    await lab.close()
  }
})
