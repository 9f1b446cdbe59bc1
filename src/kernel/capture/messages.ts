/** What the lab and the capture process say to each other (node's IPC channel). */

/** How the capture process is told where to write: one JSON argument. */
export interface CaptureIdentity {
  run: string
  lab: string
  /** Absolute: the run's folder. Packets go to packets/, events to events/. */
  folder: string
}

/** What the lab asks. The answers come in the same order. */
export type ToCapture =
  /**
   * Capture on eth0 of this host from now on. A rebooted host is another kernel: ask again, and its
   * packets go on in the same file.
   */
  | { watch: { name: string; incarnation: number } }
  /** These servers speak these mechanisms, by `address:port`, beside those told before. */
  | { mechanisms: Record<string, string> }
  /** Write what is there, and end. Answered by the end of the process. */
  | { stop: true }

/** Done; the first one says that the process runs. `problem`: it could not. */
export type FromCapture = { problem: string | null }
