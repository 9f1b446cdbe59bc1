/**
 * Hundreds of calls that sipp makes, or takes, over one transport, and OPTIONS that sipsak asks. Started by
 * sip-sipp.test.ts; reports what both of them counted.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { openOffice } from './office.ts'
import { type SippResult, startSipp, type Transport } from './sipp.ts'

export interface SippReport {
  uac: SippResult
  uas: SippResult
}

const office = await openOffice<{ out: string; transport: Transport; calls: number }>()
const { transport, calls } = office.wish
/** From the start of a program to its open port, many times over. */
const OPEN_MS = 500

const { a, b } = await office.trio('sipp')
const uas = await startSipp(office, b, { role: 'uas', transport, calls })
await delay(OPEN_MS)
const uac = await startSipp(office, a, {
  role: 'uac',
  transport,
  calls,
  to: { user: 'bob', host: b.address },
})
const report: SippReport = { uac: await uac.ended, uas: await uas.ended }
office.report(report)
