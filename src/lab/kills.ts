/**
 * Processes of hosts that somebody else has ended while a lab ran. No check about such a pair means anything from
 * then on, whether it would have passed or failed; the others do.
 */
import { pairOf } from '../events/host-names.ts'
import { killWords } from '../events/killed.ts'
import type { EventOf } from '../events/vocabulary.ts'
import type { Check } from './checks.ts'
import type { LabLog } from './log.ts'

/** What somebody has ended on a pair before its case was over; undefined: nothing. */
export function killOn(log: LabLog, pair: string): EventOf<'host:killed'> | undefined {
  const until = log.watchOf(pair)
  return log
    .all('host:killed')
    .find(({ host, time }) => pairOf(host) === pair && (until?.complete !== true || time <= until.to))
}

/** Checks as they count: those about a pair on which something was killed are inconclusive. */
export function withoutKilled(log: LabLog, checks: readonly Check[]): Check[] {
  return checks.map((check) => {
    const [pair = ''] = check.id.split('/')
    const kill = killOn(log, pair)
    return kill === undefined ? check : { ...check, verdict: 'inconclusive', because: killWords(kill) }
  })
}
