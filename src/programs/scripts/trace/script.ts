/** Traceroute in a host's process, as a lab asks for it: `traceroute.ts` is the same by hand. */
import type { Scripted, ScriptedHost } from '../../parts/program.ts'
import { traceRoute } from '../../traceroute.ts'
import type { TraceRequests } from './requests.ts'

/** No way of a lab is longer. */
const HOPS_MAX = 4

export function scriptTraces({ address, emitterOf }: ScriptedHost): Scripted<TraceRequests> {
  const emit = emitterOf('traceroute')
  return {
    answer: {
      async traceRoute({ mechanism, port, to }) {
        const ends = { from: { host: address, port }, to: { host: to.address, port: to.port } }
        return { hops: await traceRoute({ mechanism, ...ends, hopsMax: HOPS_MAX }, emit) }
      },
    },
    async close() {},
    observe() {},
    reset() {},
  }
}
