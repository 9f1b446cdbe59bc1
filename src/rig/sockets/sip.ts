/** Telephones and registrars that a lab leads step by step. */
import { REGISTRAR, type SipRequests } from '../../programs/scripts/sip/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

type Asked<N extends keyof SipRequests> = Omit<SipRequests[N]['ask'], 'mechanism'>

export interface SipPhone {
  readonly user: string
  /** Of its signalling. */
  readonly at: SocketAddress
  /** Asked; what came of it is in the log. */
  register(): Promise<void>
  call(to: string): Promise<void>
  hangUp(): Promise<void>
  close(): Promise<void>
}

export interface SipRegistrar {
  readonly at: SocketAddress
  close(): Promise<void>
}

/** @param host where they are */
export function sipPhones(host: LedHost) {
  const ended = (mechanism: string, user: string) => async () => {
    await host.ask('sipClose', mechanism, undefined, { mechanism, user })
  }
  return {
    /** @param asked without a port: any free one */
    registrar: async (
      mechanism: string,
      { port = 0, ...asked }: Omit<Asked<'sipRegistrar'>, 'port'> & { port?: number },
    ): Promise<SipRegistrar> => {
      const opened = await host.ask('sipRegistrar', mechanism, undefined, { mechanism, port, ...asked })
      return { at: await host.serves(mechanism, opened.port), close: ended(mechanism, REGISTRAR) }
    },

    phone: async (mechanism: string, asked: Asked<'sipPhone'>): Promise<SipPhone> => {
      const { user } = asked
      const { port } = await host.ask('sipPhone', mechanism, undefined, { mechanism, ...asked })
      const at = await host.serves(mechanism, port)
      const name = { mechanism, user }
      return {
        user,
        at,
        register: async () => void (await host.ask('sipRegister', mechanism, undefined, name)),
        call: async (to) => void (await host.ask('sipCall', mechanism, undefined, { ...name, to })),
        hangUp: async () => void (await host.ask('sipHangUp', mechanism, undefined, name)),
        close: ended(mechanism, user),
      }
    },
  }
}
