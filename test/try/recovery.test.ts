import { describe, expect, test } from 'vitest'
import { LabLog } from '../../src/lab/log.ts'
import { recoveryOf, Wire } from '../../src/try/recovery.ts'
import { established, MadeLog } from '../support/try-log.ts'

/** Both ends spoke before the fault at 10 s; it is mended at 20 s, and watched until 30 s. */
const spoken = () => new MadeLog().payload(9.8, 'cut-a', 'received').payload(9.9, 'cut-b', 'received')

function recovered(log: MadeLog, words: { up?: RegExp; down?: RegExp } = {}) {
  const sorted = new LabLog(log.sorted)
  const { at, because } = recoveryOf(sorted, {
    ...{ host: 'cut-a', client: 'client', owns: () => true },
    wires: { client: new Wire(sorted, 'cut-a'), server: new Wire(sorted, 'cut-b') },
    ways: ['server', 'client'],
    after: { from: 20_000, to: 30_000 },
    up: words.up ?? null,
    down: words.down ?? null,
  })
  return at ?? because
}

/** What both ends have, at a second. */
const served = (log: MadeLog, seconds: number, group?: string) => {
  const more = group === undefined ? {} : { group }
  return log.payload(seconds, 'cut-b', 'received', more).payload(seconds + 0.1, 'cut-a', 'received', more)
}

describe('clients are served again', () => {
  test('when data has reached both ends that it reached before', () => {
    expect(recovered(served(spoken(), 21))).toBe(21_100)
  })

  test('on a connection that is younger', () => {
    const log = spoken().packet(15, 'cut-a', 'sent', 'RST')
    expect(recovered(served(log, 22, 'echo:41001'))).toBe(22_100)
  })

  test('not by a segment that is answered by RST', () => {
    const log = spoken()
      .packet(21, 'cut-b', 'received')
      .packet(21.001, 'cut-b', 'sent', 'RST')
      .packet(21.2, 'cut-a', 'received')
      .packet(21.201, 'cut-a', 'sent', 'RST')
    expect(recovered(log)).toBe('what arrives belongs to connections that are given up')
  })

  test('not where nobody answers at all', () => {
    const log = spoken().packet(21, 'cut-b', 'received').packet(21.2, 'cut-a', 'received')
    expect(recovered(log)).toBe('what arrives belongs to connections that are given up')
  })

  test('not on a connection that the client had closed', () => {
    const log = spoken().packet(12, 'cut-a', 'sent', 'FIN ACK')
    expect(recovered(served(log, 22))).toBe('what arrives belongs to connections that are given up')
  })

  test('not where its FIN waits for what is to be sent before it', () => {
    const log = spoken().socket(12, 'cut-a', established, { ...established, state: 'FIN-WAIT-1' })
    expect(recovered(served(log, 22))).toBe('what arrives belongs to connections that are given up')
  })

  test('also when a port is used again', () => {
    const log = spoken().packet(12, 'cut-a', 'sent', 'FIN ACK').packet(21, 'cut-a', 'sent', 'SYN')
    expect(recovered(served(log, 22))).toBe(22_100)
  })

  test('not when the client has failed since, but when it is done', () => {
    const ends = (code: number) =>
      served(spoken(), 21).add(25, 'cut-a', 'command:ended', { code, signal: null }, { program: 'client' })
    expect(recovered(ends(1))).toBe('client ended (status 1)')
    expect(recovered(ends(0))).toBe(21_100)
  })

  test('not before the last line that says the opposite', () => {
    const log = served(served(spoken(), 21).said(22, 'cut-a', 'client', 'lost'), 23)
    expect(recovered(log, { down: /^lost/ })).toBe(23_100)
    expect(recovered(log.said(29, 'cut-a', 'client', 'lost'), { down: /^lost/ })).toBe(
      'client said last that it is not (--down)',
    )
  })

  test('by the words given for it, and by nothing else', () => {
    const log = served(spoken(), 21).said(9, 'cut-a', 'client', 'ok').said(24, 'cut-a', 'client', 'ok')
    expect(recovered(log, { up: /^ok$/ })).toBe(24_000)
    expect(recovered(served(spoken(), 21), { up: /^ok$/ })).toBeNull()
  })
})
