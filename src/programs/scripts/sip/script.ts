/** Telephones and registrars, led step by step by a lab. By hand: `sip-phone.ts`, `sip-registrar.ts`, which this runs. */
import { TIMING } from '../../../protocols/sip/constants.ts'
import { openVoice } from '../../parts/phone-voice.ts'
import type { Program, Scripted, ScriptedHost } from '../../parts/program.ts'
import { type SipPhone, startSipPhone } from '../../sip-phone.ts'
import { startSipRegistrar } from '../../sip-registrar.ts'
import { REGISTRAR, type SipName, type SipRequests } from './requests.ts'

const OPENED_MAX = 32
/** RFC 4028 forbids less than 90 s: these telephones know better, since both are ours. */
const SESSION_SECONDS_MIN = 1

/** Shorter ones than a registrar of the world grants: a lab does not wait for minutes. */
const REGISTRATION_SECONDS = { min: 1, max: 3600 }

type Opened = Pick<Program, 'close' | 'reset'>

export function scriptSip({ address: host, emitterOf }: ScriptedHost): Scripted<SipRequests> {
  /** By {@link nameOf}. */
  const phones = new Map<string, SipPhone>()
  const opened = new Map<string, Opened>()

  function keep(name: SipName, program: Opened): void {
    opened.set(nameOf(name), program)
  }

  function checkFree(name: SipName): void {
    if (opened.has(nameOf(name)) || opened.size === OPENED_MAX) {
      throw new RangeError(`"${nameOf(name)}" is there already, or ${OPENED_MAX} are`)
    }
  }

  function known(name: SipName): SipPhone {
    const found = phones.get(nameOf(name))
    if (found === undefined) throw new RangeError(`no telephone "${nameOf(name)}" on this host`)
    return found
  }

  return {
    answer: {
      async sipRegistrar({ mechanism, port, passwords, t1Ms, t2Ms }) {
        const name = { mechanism, user: REGISTRAR }
        checkFree(name)
        const timing = { ...TIMING, t1Ms, t2Ms }
        const options = { mechanism, host, port, passwords, timing, seconds: REGISTRATION_SECONDS }
        const registrar = await startSipRegistrar(options, emitterOf('sip-registrar'))
        keep(name, registrar)
        return { port: registrar.port }
      },

      async sipPhone({ t1Ms, t2Ms, session, ...asked }) {
        checkFree(asked)
        const emit = emitterOf('sip-phone')
        const phone = await startSipPhone(
          {
            ...asked,
            host,
            port: 0,
            timing: { ...TIMING, t1Ms, t2Ms },
            session: session && {
              seconds: session.intervalMs / 1000,
              refresher: session.refresher,
              minSeconds: SESSION_SECONDS_MIN,
            },
            // Silence goes out as speech does, fifty packets a second.
            openMedia: (groupId) => openVoice({ address: host, send: 'silence' }, groupId, emit),
          },
          emit,
        )
        phones.set(nameOf(asked), phone)
        keep(asked, phone)
        return { port: phone.port }
      },

      async sipRegister(name) {
        known(name).register()
        return null
      },

      async sipCall({ to, ...name }) {
        await known(name).call(to)
        return null
      },

      async sipHangUp(name) {
        known(name).hangUp()
        return null
      },

      async sipClose(name) {
        const program = opened.get(nameOf(name))
        opened.delete(nameOf(name))
        phones.delete(nameOf(name))
        await program?.close()
        return null
      },
    },

    async close() {
      await Promise.all([...opened.values()].map((program) => program.close()))
    },
    observe() {},
    reset() {
      for (const program of opened.values()) program.reset()
    },
  }
}

function nameOf({ mechanism, user }: SipName): string {
  return `${mechanism}/${user}`
}
