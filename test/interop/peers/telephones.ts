/** Ours and baresip, asked for the same: a telephone that says a tone and keeps what it hears. */
import type { Host } from '../../../src/hosts/host.ts'
import { startBaresip } from './baresip.ts'
import { PASSWORD } from './kamailio.ts'
import type { Office } from './office.ts'

export type Kind = 'baresip'

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

export async function startTelephone(office: Office, host: Host, wish: TelephoneWish): Promise<Telephone> {
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
