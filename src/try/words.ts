/** Why an end gave up its peer, in words for somebody who knows their own program and no kernel. */
import type { Trigger } from '../events/vocabulary.ts'
import { seconds } from './durations.ts'
import type { CaseFindings } from './findings.ts'
import type { Retransmission } from './retransmission.ts'

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
  { wasSilent, notServedBecause, recoveries, retransmission }: CaseFindings,
  client?: string,
): string {
  const of = client === undefined ? undefined : recoveries[client]
  const because = client === undefined ? notServedBecause : of?.because
  if (because != null) return because
  const silence = wasSilent ? 'neither end sent any data' : 'data did not arrive each way as before'
  const timer = client === undefined ? retransmission : (of?.retransmission ?? null)
  return [silence, ...retransmissionWords(timer)].join('; ')
}

/** Of two servers. */
export function byWords(by: CaseFindings['recoveredBy']): string {
  return by === null ? '' : ` by ${by}`
}

/** Who is served sooner does not ask why. */
const LATE_MS = 500

/** That a kernel's timer decided when, and no program; nothing where it did not. */
export function retransmissionWords(timer: Retransmission | null): string[] {
  if (timer === null || (timer.againAfterMs ?? LATE_MS) < LATE_MS) return []
  const { role, sentBeforeMs, againAfterMs, intervalMs } = timer
  const whose = `the ${role}'s kernel`
  return againAfterMs === null
    ? [
        `${whose} waits for its retransmission timer: it had sent last ${seconds(sentBeforeMs)} before the fault was over, ${seconds(intervalMs)} after the time before`,
      ]
    : [
        `only then ${whose} sent again, ${seconds(intervalMs)} after the time before: its retransmission timer decided, no program`,
      ]
}
