/**
 * A TCP proxy on the third host, to which the clients connect instead of the server (`programs/relay/idle-proxy.ts`),
 * forgets what is idle. It tells both ends, or one of them alone; the other then has a connection that leads nowhere,
 * whose keepalive is answered.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type ProxyEnd, proxyEnds } from '../events/vocabulary.ts'
import type { Host } from '../hosts/host.ts'
import { type ForgottenPorts, type IdleLimit, toldBy } from '../programs/relay/idle-proxy.ts'
import type { Fault, Target } from './fault.ts'
import { verify } from './proof.ts'

/** It is told to, once, whatever passes; and tells both. */
export const AT_ONCE: IdleLimit = { idleMs: 0, farewell: 'close' }
/** A kernel shows that a connection was closed as soon as the program has. */
const CLOSED_WITHIN_MS = 500
const LOOK_EVERY_MS = 20

/** @param watchedMs so long it was waited for somebody to be idle */
export function lbForgets(limit: IdleLimit = AT_ONCE, watchedMs = 0): Fault {
  return {
    id: 'lb-forgets',
    promise: promiseOf(limit),
    needs: ['network'],
    async strike({ pair: { a, b, c }, truth, connections }) {
      const process = c?.process
      verify(c !== undefined && process != null, 'there is no balancer between the hosts')
      const { idleMs } = await process.ask('idleProxyLook', null)
      verify(idleMs !== null, 'the balancer had no connection to forget')
      if (idleMs < limit.idleMs) {
        // Who falls silent later is forgotten all the same.
        await process.ask('idleProxyLimit', limit)
        return {
          verifiedBy: `in ${inSeconds(watchedMs)} the balancer forgot nothing: nobody was idle for ${inSeconds(limit.idleMs)}`,
        }
      }
      for (const end of [a, b]) truth(end, 'gone')
      const { forgotten } = await process.ask('idleProxyLimit', limit)
      // That is about the connections of before: whoever connects from now on is served.
      for (const end of [a, b]) truth(end, 'answering')
      verify(forgotten.length > 0, 'the balancer forgot nothing')
      await untilAsTold(c, connections, forgotten, limit)
      return { verifiedBy: `the kernel of the balancer: ${seenWords(forgotten.length, limit)}` }
    },
  }
}

function promiseOf({ idleMs, farewell }: IdleLimit): string {
  const { told, by } = toldBy(farewell)
  const what = idleMs === 0 ? 'its connections' : `what is idle for ${inSeconds(idleMs)}`
  const how = by === 'FIN' ? 'closes' : 'resets'
  const [only] = told
  const whom = told.length === 1 ? `the ${only}'s half; the ${otherEnd(only)} is told nothing` : 'both halves'
  return `the TCP load balancer before the server forgets ${what}, and ${how} ${whom}`
}

/** `2 connections forgotten: closed to the client (FIN), to the server as they were` */
function seenWords(count: number, { farewell }: IdleLimit): string {
  const { told, by } = toldBy(farewell)
  const ends = told.map((end) => `the ${end}`).join(' and ')
  const left = told.length === 1 ? `; the ${otherEnd(told[0])}'s half is ESTABLISHED, and leads nowhere` : ''
  return `${count} ${count === 1 ? 'connection' : 'connections'} forgotten, ${ends} told by ${by}${left}`
}

function otherEnd(end: ProxyEnd | undefined): ProxyEnd {
  return end === 'client' ? 'server' : 'client'
}

/** As the kernel has them: those halves that were told are over, the others are not. @throws FaultError */
async function untilAsTold(
  host: Host,
  connections: Target['connections'],
  forgotten: readonly ForgottenPorts[],
  { farewell }: IdleLimit,
): Promise<void> {
  const { told } = toldBy(farewell)
  const isOpen = ({ own, theirs }: ForgottenPorts[ProxyEnd]) =>
    connections(host).some(
      ({ local, remote, state }) =>
        state === 'ESTABLISHED' && local.endsWith(`:${own}`) && remote.endsWith(`:${theirs}`),
    )
  const isAsTold = () =>
    forgotten.every((halves) => proxyEnds.every((end) => isOpen(halves[end]) !== told.includes(end)))
  const untilMs = performance.now() + CLOSED_WITHIN_MS
  while (!isAsTold()) {
    verify(performance.now() < untilMs, 'the kernel of the balancer has not what the balancer says')
    await delay(LOOK_EVERY_MS)
  }
}

function inSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}
