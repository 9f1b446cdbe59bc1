/** What the lab asks the capture process (node's IPC channel). The answers come in the same order. */
export type ToCapture =
  /**
   * Capture on eth0 of this host from now on. A rebooted host is another kernel: ask again, and its
   * packets go on in the same file.
   */
  | { watch: { name: string; incarnation: number } }
  /** These servers speak these mechanisms, by `address:port`, beside those told before. */
  | { mechanisms: Record<string, string> }
  /** A router shows packets from these addresses as coming from those, and the other way back. */
  | { translations: Record<string, string> }
  /** Write what is there, and end. Answered by the end of the process. */
  | { stop: true }
