/** Thousands of connections that a lab leads at once. */
import type { CrowdRequests } from '../../programs/scripts/crowd/requests.ts'
import type { LedHost, SocketAddress } from './led-host.ts'

/** To connect, to open a socket, or to ask once takes a tenth of it; a busy machine needs more. */
const EACH_MS = 2
/** What any of them may take beside: it stands in line behind the work of thousands. */
const BUSY_MS = 10_000

type Ask<N extends keyof CrowdRequests> = Omit<CrowdRequests[N]['ask'], 'mechanism' | 'to'>

/** @param host where they are */
export function crowds(host: LedHost) {
  const allow = (count: number) => BUSY_MS + count * EACH_MS
  return {
    serve: async (mechanism: string, how: Ask<'crowdServe'>): Promise<SocketAddress> => {
      const { port } = await host.ask('crowdServe', mechanism, undefined, { mechanism, ...how }, BUSY_MS)
      return { address: host.address, port }
    },
    join: async (mechanism: string, to: SocketAddress, how: Ask<'crowdJoin'>): Promise<void> => {
      await host.ask('crowdJoin', mechanism, undefined, { mechanism, to, ...how }, allow(how.count))
    },
    /** @returns how many it holds by then */
    untilHeld: async (mechanism: string, held: number, withinMs: number): Promise<number> => {
      const ask = { mechanism, held, withinMs }
      return (await host.ask('crowdAwait', mechanism, undefined, ask, withinMs + BUSY_MS)).held
    },
    leave: async (mechanism: string): Promise<void> => {
      await host.ask('crowdLeave', mechanism, undefined, { mechanism }, BUSY_MS)
    },
    hear: async (mechanism: string, receiveBufferBytes: number | null): Promise<SocketAddress> => {
      const { port } = await host.ask('crowdHear', mechanism, undefined, { mechanism, receiveBufferBytes })
      return { address: host.address, port }
    },
    gather: async (mechanism: string, to: SocketAddress, how: Ask<'crowdGather'>): Promise<void> => {
      await host.ask('crowdGather', mechanism, undefined, { mechanism, to, ...how }, allow(how.count))
    },
    speak: async (mechanism: string, how: Ask<'crowdSpeak'>): Promise<void> => {
      await host.ask('crowdSpeak', mechanism, undefined, { mechanism, ...how }, how.overMs + allow(how.count))
    },
    serveSessions: async (mechanism: string): Promise<SocketAddress> => {
      const { port } = await host.ask('crowdServeSessions', mechanism, undefined, { mechanism })
      return { address: host.address, port }
    },
    signIn: async (mechanism: string, to: SocketAddress, count: number): Promise<void> => {
      await host.ask('crowdSignIn', mechanism, undefined, { mechanism, to, count }, allow(count))
    },
    visit: async (mechanism: string, to: SocketAddress, count: number): Promise<void> => {
      await host.ask('crowdVisit', mechanism, undefined, { mechanism, to }, allow(count))
    },
    measure: async (mechanism: string, { collects }: Ask<'crowdMeasure'>): Promise<void> => {
      await host.ask('crowdMeasure', mechanism, undefined, { mechanism, collects }, BUSY_MS)
    },
    stall: async (mechanism: string, stallMs: number): Promise<void> => {
      await host.ask('crowdStall', mechanism, undefined, { mechanism, stallMs }, stallMs + BUSY_MS)
    },
  }
}
