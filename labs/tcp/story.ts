/** What the lab tells beside its checks: the ten states in one table, and a line for each row. */
import { type Check, observedWords } from '../../src/lab/checks.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { paragraphs, titledTable } from '../../src/lab/table.ts'
import type { Style } from '../../src/lab/tale.ts'
import { casesText } from '../../src/lab/tell.ts'
import type { Plan } from '../../src/plan/plan.ts'

export const LESSONS = {
  open: 'one end is connected before the other; the programs come last.',
  unasked: 'the kernels agreed, the program was not asked.',
  'full-queue': 'a few may wait; the next caller hears nothing at all.',
  silent: 'two entries in two tables, and not one packet.',
  loud: 'whoever speaks has the whole wire.',
  'client-first': 'each end says FIN; the first to say it keeps TIME-WAIT.',
  'server-first': 'the same rule, and now the server has to keep it.',
  'half-close': 'FIN says "I will send no more", and not "I do not listen".',
  'both-first': 'both were first, and so both keep TIME-WAIT.',
  abort: 'RST: over at once, and nothing remembered.',
  unread: 'a close that throws data away is a RST.',
  'late-data': 'a FIN does not tell whether anybody still listens.',
  nobody: 'CLOSED is no state: there is no socket, and a kernel says so.',
}

/** Where each state is shown, in the order of a life. CLOSED is that there is nothing. */
export const STATE_CHECKS: readonly [state: string, end: 'client' | 'server', check: string][] = [
  ['LISTEN', 'server', 'handshake/open/listen'],
  ['SYN-SENT', 'client', 'handshake/open/syn-sent'],
  ['SYN-RECEIVED', 'server', 'handshake/open/syn-received'],
  ['ESTABLISHED', 'client', 'handshake/open/client-established'],
  ['FIN-WAIT-1', 'client', 'close/client-first/fin-wait-1'],
  ['CLOSE-WAIT', 'server', 'close/client-first/close-wait'],
  ['FIN-WAIT-2', 'client', 'close/client-first/fin-wait-2'],
  ['LAST-ACK', 'server', 'close/client-first/last-ack'],
  ['CLOSING', 'client', 'both-close/both-first/closing'],
  ['TIME-WAIT', 'client', 'close/client-first/time-wait'],
  ['(CLOSED)', 'server', 'close/client-first/closed'],
]

export function table(log: LabLog, plan: Plan, checks: readonly Check[], style: Style): string {
  return paragraphs([statesTable(checks, style), casesText({ log, plan, checks }, plan.cases, style)])
}

/** Nothing where this run looked at none of them. */
function statesTable(checks: readonly Check[], style: Style): string {
  const rows = STATE_CHECKS.flatMap(([state, end, id]) => {
    const check = checks.find((one) => one.id === id)
    if (check === undefined) return []
    return [[state, end, check.verdict === 'pass' ? observedWords(check) : `(${check.verdict})`]]
  })
  const title = 'The ten states of a connection, at which end, and the packets at that end that led there'
  return titledTable(title, rows, style)
}
