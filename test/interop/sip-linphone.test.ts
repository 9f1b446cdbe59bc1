/** The session timer of linphonec beside ours (RFC 4028): refreshed at half time, by the end that both agreed on. */
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
    expect(report).toHaveLength(4)
    for (const { caller, refresher: role, by, wire } of report) {
      const who = `${caller} calls, the ${role} refreshes`
      const { ladder } = readWire(wire)
      const words = ladder.map((message) => message.words)
      const acknowledged = words.indexOf('ACK')
      expect(words.slice(0, acknowledged), who).toEqual(
        expect.arrayContaining(['INVITE', '180 INVITE', '200 INVITE']),
      )
      const up = ladder[acknowledged]?.atSeconds ?? 0
      const refresh = ladder[acknowledged + 1]
      expect(refresh?.from, who).toBe(by)
      expect(refresh?.words, who).toMatch(/^(UPDATE|INVITE)$/)
      const after = (refresh?.atSeconds ?? 0) - up
      expect(Math.abs(after - HALF_TIME_SECONDS), who).toBeLessThan(3)
      const answers = words.slice(acknowledged + 2).filter((word) => !word.startsWith('100'))
      expect(answers[0], who).toBe(`200 ${refresh?.words}`)
      expect(words, who).not.toContain('BYE')
    }
  },
  LIMIT_MS,
)
