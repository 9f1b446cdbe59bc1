export interface WatchedHost {
  name: string
  incarnation: number
  cards?: readonly string[]
}

/** A card of a host that is captured already, on which there is nothing but IP: that of a tunnel. */
export interface WatchedTunnel {
  name: string
  incarnation: number
  card: string
}

/** What the lab asks the capture process (node's IPC channel). The answers come in the same order. */
export type ToCapture =
  /**
   * Capture at these network cards of this host from now on, at eth0 where none is named. A rebooted host is another
   * kernel: ask again, and its packets go on in the same file.
   */
  | { watch: WatchedHost }
  /** Capture there, too, from now on. */
  | { tunnel: WatchedTunnel }
  /** These servers speak these mechanisms, by `address:port`, beside those told before. */
  | { mechanisms: Record<string, string> }
  /** A router shows packets from these addresses as coming from those, and the other way back. */
  | { translations: Record<string, string> }
  /** Write what is there, and end. Answered by the end of the process. */
  | { stop: true }
