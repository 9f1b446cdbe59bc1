import { expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { UsageError } from '../../src/foreign/usage.ts'
import { parseLabOptions } from '../../src/plan/options.ts'
import { mechanisms } from '../../src/programs/scripts/host-messages.ts'
import { projectFile } from '../../src/project/files.ts'

const ALL = keepalive.cases.map(({ id }) => id)

test('without options everything is run', () => {
  expect(parseLabOptions(keepalive, [])).toMatchObject({
    hosts: 'auto',
    pace: 'quick',
    strike: 'server',
    cases: ALL,
    mechanisms,
    play: false,
    json: false,
    out: projectFile('runs'),
    cell: null,
  })
})

test('--only takes cases, mechanisms and cells', () => {
  expect(parseLabOptions(keepalive, ['--only', 'cut'])).toMatchObject({ cases: ['cut'], mechanisms })
  expect(parseLabOptions(keepalive, ['--only', 'tcp-idle,udp'])).toMatchObject({
    cases: ALL,
    mechanisms: ['udp', 'tcp-idle'],
  })
  expect(parseLabOptions(keepalive, ['--only', 'kill/tcp-idle,cut/udp'])).toMatchObject({
    cases: ['kill', 'cut'],
    mechanisms: ['udp', 'tcp-idle'],
  })
})

test.each([
  [['--hosts', 'cloud'], /--hosts cloud: expected one of auto, process, netns/],
  [['--pace', 'slow'], /--pace slow/],
  [['--strike', 'both'], /--strike both/],
  [['--only', 'earthquake'], /no case or mechanism "earthquake"; there are none exit/],
  [['--cell', 'cut'], /expected case\/mechanism/],
  [['--cell', 'cut/smtp'], /no mechanism "smtp"/],
  [['--cell', 'fire/udp'], /no case "fire"/],
  [['--seed', '-1'], /--seed/],
  [['--seed', '99999999999'], /--seed 99999999999/],
  [['--unknown'], /--unknown/],
  [['--out'], /--out/],
  [['cut'], /"cut" is no option/],
])('%j is refused in one line', (args, message) => {
  const parse = () => parseLabOptions(keepalive, args)
  expect(parse).toThrow(UsageError)
  expect(parse).toThrow(message)
  expect(parse).not.toThrow(/\n/)
})

test('the same seed is the same seed', () => {
  expect(parseLabOptions(keepalive, ['--seed', '7']).seed).toBe(7)
})
