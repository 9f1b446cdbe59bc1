/** Our telephone on a host, as our-agent.ts puts it on a socket. */
import { fileURLToPath } from 'node:url'
import type { Host } from '../../../src/hosts/host.ts'
import type { Office } from './office.ts'
import type { OurAgentWish } from './our-agent.ts'

const READY_LIMIT_MS = 20_000
const CALLS_LIMIT_MS = 80_000

export interface OurCounts {
  made: number
  up: number
  ended: number
  failed: number
  again: number
  refused: string[]
  refreshed: number
}

export type OurWish = Omit<OurAgentWish, 'place'> & { transport: 'udp' | 'tcp' }

export async function startOurAgent(office: Office, host: Host, { transport, ...wish }: OurWish) {
  const file = fileURLToPath(new URL('our-agent.ts', import.meta.url))
  const place = { transport, address: host.address, port: 5060 }
  const argv = [process.execPath, '--import', 'tsx', file, JSON.stringify({ ...wish, place })]
  const command = await office.start(host, argv, { name: 'ours' })
  await command.untilLine(/^ready/, { withinMs: READY_LIMIT_MS })
  return {
    ended: command.exited,
    end: () => command.end(),
    /** Once it has ended, or all its calls have. */
    async counted(): Promise<OurCounts> {
      const line = await command.untilLine(/^counted /, { withinMs: CALLS_LIMIT_MS })
      return JSON.parse(line.replace('counted ', '')) as OurCounts
    },
  }
}
