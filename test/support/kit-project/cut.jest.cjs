/** With jest, which tells nobody which test runs, and only requires. */
const { open } = require('stillhere')
const { echo, talker } = require('./programs.cjs')

test('is lost in a cut', async () => {
  const lab = await open()
  try {
    await lab.server.start(echo)
    const client = await lab.client.start(talker)
    await lab.talking()
    await lab.during('cut', () => client.says(/lost/, { within: '2s' }))
    expect(await lab.connections()).toMatchObject([
      { state: 'ESTABLISHED', server: { state: 'ESTABLISHED' } },
    ])
  } finally {
    await lab.close()
  }
})

const failing = process.env.FAILING === undefined ? test.skip : test
failing('fails by itself', async () => {
  const lab = await open()
  try {
    const client = await lab.client.start('exec sleep 60')
    await client.says(/never/, { within: '100ms' })
  } finally {
    await lab.close()
  }
})
