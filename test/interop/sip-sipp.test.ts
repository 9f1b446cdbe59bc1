/** Hundreds of calls between our telephone and the scenarios that sipp has built in: it looks at every message. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { temporaryFolder } from '../support/cli.ts'
import { isInstalled, testNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import type { SippReport } from './peers/sipp-session.ts'

const file = new URL('peers/sipp-session.ts', import.meta.url)
const LIMIT_MS = 90_000
const CALLS = 300
const { isolation } = await findCapabilities()

const programs = ['sipp', 'sipsak']
const has = isolation !== null && programs.every((program) => isInstalled(program))

for (const transport of ['udp', 'tcp'] as const) {
  testNeeding(`network namespaces, ${programs.join(' and ')}`, has)(
    `over ${transport} sipp calls us ${CALLS} times, and we call it as often; none fails; sipsak has its 200`,
    async () => {
      if (isolation === null) throw new Error('no network namespaces')
      const sip = { out: temporaryFolder(), transport, calls: CALLS }
      const { report } = await runSession<SippReport>(file, isolation, { sip } as object)
      const { control, answered, made, options } = report
      expect(control.uac).toMatchObject({ status: 0, succeeded: CALLS, failed: 0 })
      // Its last call over TCP fails: the caller ends, and with it the connection (findings/sipp-fails-a-call-...).
      expect(control.uas.succeeded).toBeGreaterThanOrEqual(CALLS - 1)
      const ours = { up: CALLS, ended: CALLS, failed: 0, refused: [] }
      expect(answered.uac).toMatchObject({ status: 0, succeeded: CALLS, failed: 0 })
      expect(answered.ours).toMatchObject(ours)
      expect(made.ours).toMatchObject({ ...ours, made: CALLS })
      expect(made.uas.succeeded).toBeGreaterThanOrEqual(CALLS - 1)
      expect(options).toBe(0)
    },
    LIMIT_MS,
  )
}
