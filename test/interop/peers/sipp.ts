/** sipp, which makes or takes many calls and judges each of them by its own scenarios. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import type { HostCommand } from '../../../src/hosts/host-command.ts'
import type { Office } from './office.ts'

export type Transport = 'udp' | 'tcp'

export interface SippResult {
  /** 0: it found no fault with any call. */
  status: number | null
  succeeded: number
  failed: number
  retransmitted: number
}

export interface Sipp {
  role: 'uac' | 'uas'
  transport: Transport
  /** It ends after so many. */
  calls: number
  perSecond?: number
  /** A uac calls there. */
  to?: { user: string; host: string }
}

/** All of its calls have to be over by then. */
const LIMIT_SECONDS = 60

/** @returns its process, and what came of its calls, once it has ended */
export async function startSipp(
  office: Office,
  host: Host,
  { role, transport, calls, perSecond = 100, to }: Sipp,
): Promise<{ command: HostCommand; ended: Promise<SippResult> }> {
  const statistics = join(office.folderOf(`sipp-${host.name}`), 'statistics.csv')
  const argv = [
    ...['sipp', '-sn', role, '-i', host.address, '-p', '5060', '-t', transport === 'udp' ? 'u1' : 't1'],
    ...['-m', `${calls}`, '-nostdin', '-timeout', `${LIMIT_SECONDS}`, '-timeout_error'],
    ...['-trace_stat', '-stf', statistics, '-fd', '1'],
    ...(role === 'uac' ? ['-r', `${perSecond}`, '-d', '100'] : []),
    ...(to === undefined ? [] : ['-s', to.user, `${to.host}:5060`]),
  ]
  const command = await office.start(host, argv, { name: 'sipp', lines: /^(.*(?:rror|nexpected|bort).*)$/ })
  const ended = command.exited.then(({ code }) => ({ status: code, ...resultIn(statistics) }))
  return { command, ended }
}

/** The last line has what it counted from its start to its end, in columns that the first one names. */
function resultIn(statistics: string): Omit<SippResult, 'status'> {
  const lines = readFileSync(statistics, 'utf8').trim().split('\n')
  const [names = [], values = []] = [lines[0], lines.at(-1)].map((line) => line?.split(';'))
  const count = (name: string) => Number(values[names.indexOf(`${name}(C)`)])
  return {
    succeeded: count('SuccessfulCall'),
    failed: count('FailedCall'),
    retransmitted: count('Retransmissions'),
  }
}
