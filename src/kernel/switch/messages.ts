/** What the lab asks the process that is the switches, hubs and access points (node's IPC channel). Answers come in the same order. */

/** What stands between the hosts of a segment. */
export interface SwitchKind {
  kind: 'learning-switch' | 'hub' | 'access-point'
  /** Of an access point: the MAC address of who is associated, by port. */
  stations?: Readonly<Record<string, string>>
  /** Of a switch; left out: five minutes, as a switch of the shops has it. */
  ageingMs?: number
}

export type ToSwitches =
  /**
   * Connect these network interfaces of this namespace, each the port of a host and named after it. Asked again,
   * after a reboot made one of them anew, it keeps what it has learned.
   */
  | { connect: { name: string; ports: readonly string[] } & SwitchKind }
  /** End. Answered by the end of the process. */
  | { stop: true }
