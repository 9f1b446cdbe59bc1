import { expect, test } from 'vitest'
import type { ConnectionFacts } from '../../src/forecast/facts.ts'
import { forecast } from '../../src/forecast/forecast.ts'
import type { ProcessReport } from '../../src/forecast/read.ts'
import { tellReading } from '../../src/forecast/tell.ts'
import { plainStyle } from '../../src/lab/tale.ts'

const facts: ConnectionFacts = {
  state: 'ESTABLISHED',
  timer: 'keepalive',
  timerLeftMs: 1000,
  retransmits: 0,
  unansweredProbes: 0,
  coarseTimeoutMs: 200,
  reading: null,
  ownNetwork: null,
  unsteady: false,
}
const report: ProcessReport = {
  pid: 7,
  command: 'worker',
  uid: 1001,
  netNamespace: 'net:[1]',
  source: 'socket-table',
  problems: [],
  sysctls: null,
  connections: [],
  datagrams: [],
  listening: 0,
  otherSockets: 0,
}

const tell = (change: Partial<ProcessReport>, leftOut: string[] = []) =>
  tellReading({ jiffyMs: 4, processes: [{ ...report, ...change }], leftOut }, plainStyle)

test('long addresses, reasons and commands stay within 100 columns', () => {
  const address = '[2001:db8:1111:2222:3333:4444:5555:6666]:50000'
  const text = tell({
    command: `/usr/bin/${'very-'.repeat(50)}long`,
    problems: ['options are not readable (EPERM), '.repeat(6)],
    connections: [
      {
        local: address,
        remote: address,
        descriptor: 3,
        facts,
        forecast: forecast(facts, { sysctls: null, jiffyMs: 4 }),
        isServed: false,
      },
    ],
  })
  expect(text.split('\n').filter((line) => line.length > 100)).toEqual([])
  expect(text).toContain(`  ${address}\n  -> ${address}  ESTABLISHED\n`)
})

test('a command line is data: nothing in it reaches the terminal as a command', () => {
  expect(tell({ command: 'evil\u001b[2J\nname' })).toContain('pid 7  evil\\x1b[2J\\x0aname  (uid 1001)')
})

test('UDP has no state, and only a connected socket may hear of a closed port', () => {
  const text = tell({
    datagrams: [
      { local: '0.0.0.0:53', remote: null, inode: 1 },
      { local: '10.0.0.1:5000', remote: '10.0.0.2:53', inode: 2 },
    ],
    listening: 2,
    otherSockets: 3,
  })
  expect(text).toContain('0 connections, 2 UDP sockets, 2 listening, 3 of other kinds')
  expect(text).toMatch(/0\.0\.0\.0:53 -> anybody {2}UDP\n {4}silence {6}nobody notices: UDP has no state\n/)
  expect(text).toContain('ECONNREFUSED')
})

test('what was left out is said, also where nothing was found', () => {
  expect(tell({}, ['processes of others: 3'])).toContain('Left out: processes of others: 3')
  expect(tellReading({ jiffyMs: 4, processes: [], leftOut: [] }, plainStyle)).toMatch(/^No process /)
})

test('many connections are a table, those that are alike one line', () => {
  const connections = Array.from({ length: 40 }, (_, index) => ({
    local: `10.0.0.1:${40_000 + index}`,
    remote: index < 30 ? '10.0.0.2:5432' : '[2001:db8:1111:2222:3333:4444:5555:6666]:443',
    descriptor: index,
    facts,
    forecast: forecast(facts, { sysctls: null, jiffyMs: 4 }),
    isServed: index >= 36,
  }))
  const text = tell({ connections })
  expect(text).toMatch(/^ {5}30 ESTABLISHED 10\.0\.0\.2:5432 /m)
  expect(text).toMatch(/^ {6}6 ESTABLISHED /m)
  expect(text).toMatch(/^ {6}1 ESTABLISHED own :40036 /m)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
})
