import type { Fault } from './fault.ts'
import { cableFault, FEW, losesAsLink, measureWay } from './on-cable.ts'
import { verify } from './proof.ts'

/** IPv4 and UDP. */
const HEADER_BYTES = 28

/** @param mtuBytes the longest IP packet that still passes */
export function mtuBlackHole(mtuBytes = 1000): Fault {
  return cableFault({
    id: 'mtu-black-hole',
    promise: `packets of more than ${mtuBytes} bytes for the struck host vanish, and no ICMP message says so`,
    change: { mtuBytes },
    async prove(target) {
      const longest = mtuBytes - HEADER_BYTES
      const fit = await measureWay(target, { ...FEW, bytes: longest })
      const longer = await measureWay(target, { ...FEW, bytes: longest + 1 })
      verify(losesAsLink(target, fit), `${fit.lost} of ${fit.sent} datagrams of ${mtuBytes} bytes were lost`)
      verify(longer.lost === longer.sent, `datagrams of ${mtuBytes + 1} bytes came back`)
      return { verifiedBy: `datagrams of ${mtuBytes} bytes come back, of ${mtuBytes + 1} bytes none` }
    },
  })
}
