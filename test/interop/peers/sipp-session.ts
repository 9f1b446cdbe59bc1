/**
 * Hundreds of calls over one transport: by sipp to our telephone, by ours to sipp, and by sipp to itself; and OPTIONS,
 * which sipsak asks. Started by sip-sipp.test.ts; reports what each of them counted.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Host } from '../../../src/hosts/host.ts'
import { openOffice } from './office.ts'
import { type OurCounts, startOurAgent } from './our-phone.ts'
import { type SippResult, startSipp, type Transport } from './sipp.ts'

export interface SippReport {
  /** Both ends are sipp: what is counted here is counted right. */
  control: { uac: SippResult; uas: SippResult }
  answered: { uac: SippResult; ours: OurCounts }
  made: { uas: SippResult; ours: OurCounts }
  /** The exit status of sipsak: 0 for a 200. */
  options: number | null
}

const office = await openOffice<{ out: string; transport: Transport; calls: number }>()
const { transport, calls } = office.wish
/** From the start of a program to its open port, many times over. */
const OPEN_MS = 500
const [control, answered, made] = [
  await office.trio('control'),
  await office.trio('answered'),
  await office.trio('made'),
]
const to = (host: Host) => ({ user: 'bob', host: host.address })

const controlUas = await startSipp(office, control.b, { role: 'uas', transport, calls })
await delay(OPEN_MS)
const controlUac = await startSipp(office, control.a, { role: 'uac', transport, calls, to: to(control.b) })
const controlReport = { uac: await controlUac.ended, uas: await controlUas.ended }

const callee = await startOurAgent(office, answered.b, { user: 'bob', transport })
const sipsak = ['sipsak', '-E', transport, '-s', `sip:bob@${answered.b.address}`]
const { code } = await (await office.start(answered.a, sipsak, { name: 'sipsak' })).exited
const uac = await startSipp(office, answered.a, { role: 'uac', transport, calls, to: to(answered.b) })
const uacResult = await uac.ended
await callee.end()

const uas = await startSipp(office, made.b, { role: 'uas', transport, calls })
await delay(OPEN_MS)
const caller = await startOurAgent(office, made.a, {
  user: 'alice',
  transport,
  calls: { to: `sip:bob@${made.b.address}`, count: calls, forMs: 5 },
})
const ours = await caller.counted()
const report: SippReport = {
  control: controlReport,
  answered: { uac: uacResult, ours: await callee.counted() },
  made: { uas: await uas.ended, ours },
  options: code,
}
office.report(report)
