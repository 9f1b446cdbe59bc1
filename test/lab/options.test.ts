import { expect, test } from 'vitest'
import { faultIds } from '../../src/faults/registry.ts'
import { parseLabOptions, UsageError } from '../../src/lab/options.ts'
import { mechanisms } from '../../src/programs/host-messages.ts'

test('without options everything is run', () => {
  expect(parseLabOptions([])).toMatchObject({
    hosts: 'auto',
    pace: 'quick',
    strike: 'server',
    faults: faultIds,
    mechanisms,
    play: false,
    json: false,
    out: 'runs',
    cell: null,
  })
})

test('--only takes faults, mechanisms and cells', () => {
  expect(parseLabOptions(['--only', 'cut'])).toMatchObject({ faults: ['cut'], mechanisms })
  expect(parseLabOptions(['--only', 'tcp-idle,udp'])).toMatchObject({
    faults: faultIds,
    mechanisms: ['udp', 'tcp-idle'],
  })
  expect(parseLabOptions(['--only', 'kill/tcp-idle,cut/udp'])).toMatchObject({
    faults: ['kill', 'cut'],
    mechanisms: ['udp', 'tcp-idle'],
  })
})

test.each([
  [['--hosts', 'cloud'], /--hosts cloud: expected one of auto, process, netns/],
  [['--pace', 'slow'], /--pace slow/],
  [['--strike', 'both'], /--strike both/],
  [['--only', 'earthquake'], /no fault or mechanism "earthquake"; there are none exit/],
  [['--cell', 'cut'], /expected fault\/mechanism/],
  [['--cell', 'cut/smtp'], /no mechanism "smtp"/],
  [['--cell', 'fire/udp'], /no fault "fire"/],
  [['--seed', '-1'], /--seed/],
  [['--seed', '99999999999'], /--seed 99999999999/],
  [['--unknown'], /--unknown/],
  [['--out'], /--out/],
  [['cut'], /"cut" is no option/],
])('%j is refused in one line', (args, message) => {
  const parse = () => parseLabOptions(args)
  expect(parse).toThrow(UsageError)
  expect(parse).toThrow(message)
  expect(parse).not.toThrow(/\n/)
})

test('the same seed is the same seed', () => {
  expect(parseLabOptions(['--seed', '7']).seed).toBe(7)
})
