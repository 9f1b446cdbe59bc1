/** Hundreds of calls by the scenarios that sipp has built in: it looks at every message of them. */
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

for (const transport of ['udp', 'tcp'] as const) {
  testNeeding('network namespaces and sipp', isolation !== null && isInstalled('sipp'))(
    `sipp calls sipp ${CALLS} times over ${transport}: what is counted here is counted right`,
    async () => {
      if (isolation === null) throw new Error('no network namespaces')
      const sip = { out: temporaryFolder(), transport, calls: CALLS }
      const { uac, uas } = (await runSession<SippReport>(file, isolation, { sip } as object)).report
      expect(uac).toMatchObject({ status: 0, succeeded: CALLS, failed: 0 })
      // Its last call over TCP may fail: the caller ends, and with it the connection, before it has the answer to BYE.
      expect(uas.succeeded).toBeGreaterThanOrEqual(CALLS - 1)
    },
    LIMIT_MS,
  )
}
