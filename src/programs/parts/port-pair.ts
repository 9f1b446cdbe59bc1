/** Two UDP sockets on an even port and the next one: RTP has the even one, RTCP the other (RFC 3550 11). */
import * as dgram from 'node:dgram'
import { isIPv4 } from 'node:net'
import { UsageError } from '../../foreign/usage.ts'
import { bindUdp, closeUdp } from './udp-socket.ts'

/** The kernel gives any free port: half of them are even, and the neighbour is mostly free. */
const TRIES_MAX = 50

export interface PortPair {
  rtp: dgram.Socket
  rtcp: dgram.Socket
  /** Even. */
  port: number
}

/**
 * @param port even; any free pair where left out
 * @throws UsageError for an odd port; Error where it is taken, or no pair is free
 */
export async function openPortPair(address: string, port?: number): Promise<PortPair> {
  if (port !== undefined) {
    if (port % 2 !== 0)
      throw new UsageError(`media port ${port} is odd: give an even one, RTCP takes the next`)
    return bindPair(address, port)
  }
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const free = await freePort(address)
    try {
      return await bindPair(address, free - (free % 2))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`no two neighbouring UDP ports are free on ${address}`)
}

async function freePort(address: string): Promise<number> {
  const probe = socketFor(address)
  const port = await bindUdp(probe, { host: address, port: 0 })
  await closeUdp(probe)
  return port
}

async function bindPair(address: string, port: number): Promise<PortPair> {
  const [rtp, rtcp] = [socketFor(address), socketFor(address)]
  try {
    await bindUdp(rtp, { host: address, port })
    await bindUdp(rtcp, { host: address, port: port + 1 })
    return { rtp, rtcp, port }
  } catch (error) {
    await Promise.all([closeUdp(rtp), closeUdp(rtcp)])
    throw error
  }
}

function socketFor(address: string): dgram.Socket {
  return dgram.createSocket(isIPv4(address) ? 'udp4' : 'udp6')
}
