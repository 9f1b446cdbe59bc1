/** Why an end gave up its peer, in words for somebody who knows their own program and no kernel. */
import type { Trigger } from '../events/vocabulary.ts'
import type { CaseFindings } from './findings.ts'

const WORDS: Partial<Record<Trigger, string>> = {
  fin: "the peer's kernel said that no more will come (FIN)",
  econnreset: "the peer's kernel said that it knows no such connection (RST)",
  econnaborted: 'this end aborted the connection (RST)',
  kernel_has_none: 'its kernel has the connection no more, and no packet says why',
  kernel_gave_up: 'its kernel gave up, since nobody answered',
  user_closed: 'its program closed the connection',
  program_said: 'its program said so',
  program_ended: 'its program ended',
}

export function triggerWords(trigger: Trigger): string {
  return WORDS[trigger] ?? trigger
}

/** Why a client, or any of those that count, was not served after a fault. */
export function notServedWords(
  { wasSilent, notServedBecause, recoveries }: CaseFindings,
  client?: string,
): string {
  const because = client === undefined ? notServedBecause : recoveries[client]?.because
  if (because != null) return because
  return wasSilent ? 'neither end sent any data' : 'data did not arrive each way as before'
}
