/** A table, painted or not. */
import { expect, test } from 'vitest'
import { alignedTable } from '../../src/lab/table.ts'

const red = (text: string) => `\u001b[31m${text}\u001b[39m`

test('columns are as wide as their widest text, and paint takes no room', () => {
  const head = ['', 'plain', 'keepalive']
  expect(alignedTable([head, ['idle', '>16.1 s', '5.1 s']])).toEqual([
    '        plain    keepalive',
    '  idle  >16.1 s  5.1 s',
  ])
  expect(alignedTable([head, ['idle', red('>16.1 s'), '5.1 s']])).toEqual([
    '        plain    keepalive',
    `  idle  ${red('>16.1 s')}  5.1 s`,
  ])
})
