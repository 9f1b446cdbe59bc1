/** What the lab asks the process that is the switches, hubs and access points (node's IPC channel). Answers come in the same order. */

import type { OfficeSettings } from '../../wire/office.ts'

/** What stands between the hosts of a segment. */
export type SwitchKind =
  /** Left out: five minutes, as a switch of the shops has it. */
  | { kind: 'learning-switch'; ageingMs?: number }
  | { kind: 'hub' }
  /** The MAC address of who is associated, by port. */
  | { kind: 'access-point'; stations: Readonly<Record<string, string>> }
  | ({ kind: 'exchange' } & OfficeSettings)

export type ToSwitches =
  /**
   * Connect these network interfaces of this namespace, each the port of a host and named after it. Asked again,
   * after a reboot made one of them anew, it keeps what it has learned.
   */
  | { connect: { name: string; ports: readonly string[] } & SwitchKind }
  /** Log what an exchange has counted. */
  | { count: string }
  /** End. Answered by the end of the process. */
  | { stop: true }
