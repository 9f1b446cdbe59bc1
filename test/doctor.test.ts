/** What `npm run doctor` says of this machine, and of one that has next to nothing. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faults } from '../src/faults/registry.ts'
import { run, temporaryFolder } from './support/cli.ts'
import { onTerminal, startOnTerminal } from './support/terminal.ts'

const FAULTS = Object.keys(faults).filter((id) => id !== 'none')
const COMPANIONS = ['nft', 'Chromium', 'redis-server', 'tshark', 'Docker']

test('every fault of the registry is named, as possible or with the reason why not', async () => {
  const { status, stdout } = await run(['doctor'])
  expect(status).toBe(0)
  const words = stdout.split(/[\s:]+/)
  expect(FAULTS.filter((id) => !words.includes(id))).toEqual([])
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

onTerminal('on 60 columns each line has room', async () => {
  const terminal = startOnTerminal(['doctor'], {}, 60)
  expect(await terminal.ended).toMatchObject({ status: 0 })
  const lines = terminal.written.split('\r\n').filter((line) => !line.startsWith('terminal '))
  expect(lines.filter((line) => line.length > 60)).toEqual([])
})

test('what others make is named with what it is for, and where it lacks, how to get it', async () => {
  const { stdout: here } = await run(['doctor'])
  for (const name of COMPANIONS) expect(here).toMatch(new RegExp(`^ +${name} +(not )?here: \\S`, 'm'))

  const bare = join(temporaryFolder(), 'bin')
  mkdirSync(bare)
  symlinkSync(process.execPath, join(bare, 'node'))
  const { status, stdout } = await run(['doctor'], { PATH: bare })
  expect(status).toBe(0)
  const text = stdout.replaceAll(/\s+/g, ' ')
  for (const how of ['apt-get install chromium', 'apt-get install redis-server', 'apt-get install tshark'])
    expect(text).toContain(`To get it: ${how}`)
  expect(text).toMatch(/Docker not here: .*To get it: https:/)
  expect(text).toMatch(/not .*\bcut blip .*: plain processes on loopback have no cable/)
})
