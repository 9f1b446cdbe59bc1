/** The session timer of linphonec (RFC 4028): the call is refreshed at half time, by the end that both agreed on. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { temporaryFolder } from '../support/cli.ts'
import { isInstalled, testNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import { hasTshark } from '../support/tshark.ts'
import type { SessionTimerReport } from './peers/linphone-session.ts'
import { readWire } from './peers/wire.ts'

const file = new URL('peers/linphone-session.ts', import.meta.url)
const LIMIT_MS = 110_000
const HALF_TIME_SECONDS = 45
const { isolation } = await findCapabilities()
const programs = ['linphonec', 'dumpcap']
const has = isolation !== null && hasTshark && programs.every((program) => isInstalled(program))

testNeeding(`network namespaces, tshark, ${programs.join(', ')}`, has)(
  'a call with a session timer of 90 s is refreshed after 45 s by the end that is to do it, and the other accepts',
  async () => {
    if (isolation === null) throw new Error('no network namespaces')
    const sip = { out: temporaryFolder() }
    const { report } = await runSession<SessionTimerReport[]>(file, isolation, { sip } as object)
    expect(report.map(({ refresher }) => refresher)).toEqual(['uac', 'uas'])
    for (const { refresher, by, wire } of report) {
      const { ladder } = readWire(wire)
      const words = ladder.map((message) => message.words)
      expect(words.slice(0, 5), refresher).toEqual([
        'INVITE',
        '100 INVITE',
        '180 INVITE',
        '200 INVITE',
        'ACK',
      ])
      const up = ladder[4]?.atSeconds ?? 0
      const refresh = ladder[5]
      expect(refresh?.from, refresher).toBe(by)
      expect(refresh?.words, refresher).toMatch(/^(UPDATE|INVITE)$/)
      const after = (refresh?.atSeconds ?? 0) - up
      expect(Math.abs(after - HALF_TIME_SECONDS), refresher).toBeLessThan(3)
      expect(words[6], refresher).toBe(`200 ${refresh?.words}`)
      expect(words, refresher).not.toContain('BYE')
    }
  },
  LIMIT_MS,
)
