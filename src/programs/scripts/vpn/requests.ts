/** What a lab may ask of the ends of a VPN on a host. */

export interface VpnRequests {
  /** Open one, at any free port. It says nothing before there is something to say, or a keepalive to send. */
  vpnOpen: {
    ask: {
      mechanism: string
      /** As a file of wg-quick(8) has it. */
      conf: string
      /** On all addresses that the host has or will have. Left out: on the one that it has now. */
      everywhere?: boolean
      /** Make this TUN device, for the kernel to be inside. It is down and has no address. */
      tun?: string
      /** As in `startVpnPeer`. */
      clockRate?: number
    }
    answer: { port: number }
  }
  /** Ping an address inside, from the host inside. */
  vpnPing: { ask: { mechanism: string; to: string }; answer: null }
  /** End it, without a word to anybody, and without its keys for the next. */
  vpnClose: { ask: { mechanism: string }; answer: null }
}
