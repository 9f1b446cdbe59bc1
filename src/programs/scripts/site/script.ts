/**
 * The programs of a web site, started by a lab in the process of a host; what a person starts by hand is
 * `bank/main.ts` and `balancer.ts`.
 */
import { memoryStore } from '../../../store/memory.ts'
import { startBalancer } from '../../balancer.ts'
import type { Program, Scripted, ScriptedHost } from '../../parts/program.ts'
import type { SiteRequests } from './requests.ts'

export function scriptSites({ address: own, emitterOf }: ScriptedHost): Scripted<SiteRequests> {
  const running: Pick<Program, 'close'>[] = []

  return {
    answer: {
      async bankStart({ mechanism, address = own, name, secure, sessions }) {
        // Most hosts have no use for a bank, nor most banks for what makes certificates, and both are large.
        const { startBank } = await import('../../bank/server.ts')
        const certificate = secure
          ? await (await import('../../bank/certificate.ts')).makeCertificate([address])
          : undefined
        const options = {
          mechanism,
          name,
          host: address,
          port: 0,
          store: memoryStore(),
          sessions,
          certificate,
        }
        const bank = await startBank(options, emitterOf('bank'))
        running.push(bank)
        return { port: bank.port, certificate: certificate?.certificate ?? null }
      },

      async balancerStart({ mechanism, backends, ...how }) {
        const servers = backends.map((at) => ({ host: at.address, port: at.port }))
        const listen = { mechanism, host: own, port: 0 }
        const balancer = await startBalancer({ ...listen, backends: servers, ...how }, emitterOf('balancer'))
        running.push(balancer)
        return { port: balancer.port }
      },
    },

    async close() {
      await Promise.all(running.map((program) => program.close()))
    },
    observe() {}, // its connections are read off the kernels' tables
    reset() {}, // nobody asks it to
  }
}
