/**
 * Calls with a session timer of 90 s, the shortest that RFC 4028 allows; in some the caller refreshes, in others
 * the callee. Started by sip-linphone.test.ts; reports what was on the wire until the refresh was due.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Linphone, SESSION_SECONDS, startLinphone } from './linphone.ts'
import { openOffice } from './office.ts'
import { startOurAgent } from './our-phone.ts'

export interface SessionTimerReport {
  caller: 'linphonec' | 'ours'
  refresher: Linphone['refresher']
  /** The end that is to refresh. */
  by: string
  wire: string
}

/** Until one that answers is ready: it says nothing of it. */
const READY_MS = 3000
const CONNECT_LIMIT_MS = 15_000
/** RFC 4028 section 10: refreshed at half time. Beyond it there is the start of the call, and a loaded machine. */
const WATCH_MS = (SESSION_SECONDS / 2) * 1000 + 8000

const office = await openOffice<{ out: string }>()

async function call(
  caller: 'linphonec' | 'ours',
  refresher: Linphone['refresher'],
): Promise<SessionTimerReport> {
  const name = `${caller === 'ours' ? 'ours' : 'lin'}-${refresher}`
  const { a, b } = await office.trio(name)
  const wire = `${name}.pcapng`
  const written = await office.dump(b, wire)
  const [linphone, own] = caller === 'ours' ? [b, a] : [a, b]
  const session = { seconds: SESSION_SECONDS, minSeconds: SESSION_SECONDS, refresher }
  const recordTo = join(office.folderOf(`ours-${name}`), 'heard.wav')
  const ours = (calls?: string) =>
    startOurAgent(office, own, {
      user: 'ours',
      transport: 'udp',
      session,
      recordTo,
      ...(calls !== undefined && { calls: { to: calls, count: 1, forMs: 1000 * SESSION_SECONDS } }),
    })
  const theirs = (calls?: string) =>
    startLinphone(office, linphone, { user: 'linphone', refresher, ...(calls !== undefined && { calls }) })
  if (caller === 'ours') {
    const command = await theirs()
    await delay(READY_MS)
    await ours(`sip:linphone@${b.address}`)
    await command.untilLine(/connected/, { withinMs: CONNECT_LIMIT_MS })
  } else {
    await ours()
    const command = await theirs(`sip:ours@${b.address}`)
    await command.untilLine(/connected/, { withinMs: CONNECT_LIMIT_MS })
  }
  await delay(WATCH_MS)
  await written()
  return { caller, refresher, by: (refresher === 'uac' ? a : b).address, wire: join(office.wish.out, wire) }
}

const CALLS = [
  ['linphonec', 'uac'],
  ['linphonec', 'uas'],
  ['ours', 'uac'],
  ['ours', 'uas'],
] as const
office.report(await Promise.all(CALLS.map(([caller, refresher]) => call(caller, refresher))))
