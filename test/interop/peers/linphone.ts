/** linphonec, a telephone with session timers (RFC 4028), without a sound card. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import type { HostCommand } from '../../../src/hosts/host-command.ts'
import type { Office } from './office.ts'

/** RFC 4028 section 4: no session may be shorter. */
export const SESSION_SECONDS = 90

/** It ends calls in which it hears nothing; here its session timer is looked at. */
const NO_RTP_SECONDS = 300

export interface Linphone {
  user: string
  /** The other end is to refresh the session; else it does so itself. */
  refresher: 'uac' | 'uas'
  /** Whom it calls at once; without it, it answers. */
  calls?: string
}

export async function startLinphone(
  office: Office,
  host: Host,
  { user, refresher, calls }: Linphone,
): Promise<HostCommand> {
  const folder = office.folderOf(`linphone-${host.name}`)
  // It starts without this folder, and then never says a word.
  mkdirSync(join(folder, '.local/share/linphone'), { recursive: true })
  const file = join(folder, 'linphonerc')
  writeFileSync(file, configuration(user, host.address, refresher))
  const ask = calls === undefined ? [] : [`call ${calls}`]
  const orders = ['soundcard use files', ...ask].map((order) => `sleep 1; echo "${order}"`).join('; ')
  // It wants a way to everywhere, and a terminal that stays open.
  const script = `ip route add default dev eth0; (${orders}; sleep 1000) | linphonec -c ${file} ${calls === undefined ? '-a' : ''}`
  return office.start(host, ['sh', '-c', script], { name: 'linphonec', environment: { HOME: folder } })
}

function configuration(user: string, address: string, refresher: Linphone['refresher']): string {
  return `[sip]
sip_port=5060
sip_tcp_port=5060
contact=sip:${user}@${address}
session_expires_enabled=1
session_expires_value=${SESSION_SECONDS}
session_expires_min_value=${SESSION_SECONDS}
session_expires_refresher_value=${refresher === 'uas' ? 1 : 2}

[rtp]
nortp_timeout=${NO_RTP_SECONDS}
`
}
