/** Ours and baresip, asked for the same: a telephone that says a tone and keeps what it hears. */
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import { TONE_HZ } from '../../../src/programs/parts/tone.ts'
import { startBaresip } from './baresip.ts'
import { PASSWORD } from './kamailio.ts'
import type { Office } from './office.ts'
import { startOurAgent } from './our-phone.ts'

export type Kind = 'baresip' | 'ours'

export interface TelephoneWish {
  kind: Kind
  user: string
  saysHz: number
  /** The address of the registrar that knows it. */
  registrar: string | undefined
  /** Whom it calls, at once. Without it, it answers. */
  calls?: string
  /** So long after it was started it hangs up. */
  forSeconds?: number
}

export interface Telephone {
  saysHz: number
  /** It has ended by itself. */
  ended: Promise<unknown>
  end(): Promise<unknown>
  /** What it has heard: a WAV file, once it has ended. */
  heard(): string
}

export function startTelephone(office: Office, host: Host, wish: TelephoneWish): Promise<Telephone> {
  return wish.kind === 'ours' ? startOurs(office, host, wish) : startTheirs(office, host, wish)
}

async function startOurs(office: Office, host: Host, wish: TelephoneWish): Promise<Telephone> {
  const { user, registrar, calls, forSeconds = 0 } = wish
  const recordTo = join(office.folderOf(`ours-${host.name}`), 'heard.wav')
  const phone = await startOurAgent(office, host, {
    user,
    transport: 'udp',
    recordTo,
    ...(registrar !== undefined && {
      registrar: {
        place: { transport: 'udp', address: registrar, port: 5060 },
        password: PASSWORD,
        wantedSeconds: 60,
      },
    }),
    ...(calls !== undefined && { calls: { to: calls, count: 1, forMs: 1000 * forSeconds } }),
  })
  return { saysHz: TONE_HZ, ended: phone.ended, end: phone.end, heard: () => recordTo }
}

async function startTheirs(office: Office, host: Host, wish: TelephoneWish): Promise<Telephone> {
  const { saysHz, registrar, user, calls, forSeconds } = wish
  const account = registrar === undefined ? undefined : { host: registrar, password: PASSWORD }
  const { command, heard } = await startBaresip(office, host, {
    user,
    toneHz: saysHz,
    ...(account && { registrar: account }),
    ...(calls !== undefined && { calls }),
    ...(forSeconds !== undefined && { forSeconds }),
  })
  return { saysHz, ended: command.exited, end: () => command.end(), heard }
}
