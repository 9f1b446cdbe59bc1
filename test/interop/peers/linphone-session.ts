/**
 * Two calls with a session timer of 90 s, the shortest that RFC 4028 allows: in one the caller refreshes, in the other
 * the callee. Started by sip-linphone.test.ts; reports what was on the wire until the refresh was due.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Linphone, SESSION_SECONDS, startLinphone } from './linphone.ts'
import { openOffice } from './office.ts'

export interface SessionTimerReport {
  refresher: Linphone['refresher']
  /** The end that is to refresh. */
  by: string
  wire: string
}

/** Until one that answers is ready: it says nothing of it. */
const READY_MS = 3000
/** RFC 4028 section 10: refreshed at half time. Beyond it there is the start of the call, and a loaded machine. */
const WATCH_MS = (SESSION_SECONDS / 2) * 1000 + 8000

const office = await openOffice<{ out: string }>()

async function call(refresher: Linphone['refresher']): Promise<SessionTimerReport> {
  const { a, b } = await office.trio(refresher)
  const wire = `${refresher}.pcapng`
  const written = await office.dump(b, wire)
  await startLinphone(office, b, { user: 'bob', refresher })
  await delay(READY_MS)
  const caller = await startLinphone(office, a, { user: 'alice', refresher, calls: `sip:bob@${b.address}` })
  await caller.untilLine(/connected/, { withinMs: 10_000 })
  await delay(WATCH_MS)
  await written()
  return { refresher, by: (refresher === 'uac' ? a : b).address, wire: join(office.wish.out, wire) }
}

office.report(await Promise.all([call('uac'), call('uas')]))
