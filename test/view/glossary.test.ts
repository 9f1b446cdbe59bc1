/** The words that the labs do not explain each time: one list, and the ways to it. */
import { expect, test } from 'vitest'
import { labs } from '../../labs/index.ts'
import { beliefs, truths } from '../../src/events/vocabulary.ts'
import { GLOSSARY } from '../../src/view/glossary.ts'
import { run } from '../support/cli.ts'
import { onTerminal, startOnTerminal } from '../support/terminal.ts'

test('it has what a newcomer meets in the first minute, each once and in a sentence', () => {
  const words = GLOSSARY.map(({ word }) => word)
  const met = [
    'SYN',
    'RST',
    'FIN',
    'ACK',
    'SIGSTOP',
    'SIGKILL',
    'ghost',
    'slack',
    'unknown',
    'belief',
    'truth',
    'check',
    'cell',
    'case',
    'row',
    'heartbeat',
    'keepalive',
    'half-open',
    'RTO',
    'namespace',
  ]
  expect(met.filter((word) => !words.includes(word))).toEqual([])
  expect(new Set(words).size).toBe(words.length)
  expect(GLOSSARY.filter(({ meaning }) => !/^\w.*\.$/.test(meaning) || meaning.length > 200)).toEqual([])
})

test('beliefs and truths are those of the vocabulary', () => {
  const meaningOf = (word: string) => GLOSSARY.find((one) => one.word === word)?.meaning
  for (const belief of beliefs) expect(meaningOf('belief')).toContain(belief)
  for (const truth of truths.filter((one) => one !== 'absent')) expect(meaningOf('truth')).toContain(truth)
})

test('npm run lab lists the labs in the order in which to take them, and where the words are', async () => {
  const { status, stdout } = await run(['lab'])
  expect(status).toBe(0)
  const listed = [...stdout.matchAll(/^ *\d+ {2}npm run lab:(\w+)/gm)].map(([, id]) => id)
  expect(listed).toEqual(Object.keys(labs))
  expect(stdout).toContain('npm run lab -- --words')
})

onTerminal('npm run lab -- --words tells them, on 60 columns too', async () => {
  const terminal = startOnTerminal(['lab', '--words'], {}, 60)
  await terminal.ended
  const lines = terminal.written.split(/\r?\n/).filter((line) => !line.startsWith('terminal '))
  for (const { word } of GLOSSARY) expect(lines.some((line) => line.startsWith(`${word} `))).toBe(true)
  expect(lines.filter((line) => line.length > 60)).toEqual([])
})
