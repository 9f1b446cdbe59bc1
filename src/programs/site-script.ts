/**
 * The programs of a web site, started by a lab in the process of a host: what a person starts by hand is
 * `balancer.ts`.
 */
import type { Emitter } from '../events/emit.ts'
import { startBalancer } from './balancer.ts'
import type { Program, Scripted } from './program.ts'
import type { SiteRequests } from './socket-requests.ts'

/** @param address where they listen */
export function scriptSites(
  address: string,
  emitterOf: (program: string) => Emitter,
): Scripted<SiteRequests> {
  const running: Program[] = []

  return {
    answer: {
      async balancerStart({ mechanism, backends, ...how }) {
        const servers = backends.map((at) => ({ host: at.address, port: at.port }))
        const listen = { mechanism, host: address, port: 0 }
        const balancer = await startBalancer({ ...listen, backends: servers, ...how }, emitterOf('balancer'))
        running.push(balancer)
        return { port: balancer.port }
      },
    },

    async close() {
      await Promise.all(running.map((program) => program.close()))
    },
    observe() {
      for (const program of running) program.observe()
    },
    reset() {
      for (const program of running) program.reset()
    },
  }
}
