/** SIGSTOP: the kernel acknowledges everything, the program answers nothing. Then it continues. */
import { AT_ONCE, type Claims, took } from '../../../src/lab/claims.ts'
import { answerMissed, both, type Column, everyRow, heartbeatMissed, quiet } from '../expectations.ts'
import { type FaultCase, type Struck, UNDOING } from '../struck.ts'

const asleep = quiet('it did not run, so the silence it slept through proves nothing to it')
const unasked = quiet('the frozen host acknowledges in its kernel; nobody asks the program')
const asks = both(heartbeatMissed('acknowledged by the kernel, unanswered by the program'))

const askersNotice: Column = {
  ...everyRow(unasked),
  'udp-heartbeat': asks,
  'tcp-heartbeat': asks,
  'http-session': { client: answerMissed, server: unasked },
  websocket: asks,
}

export const freeze: FaultCase = {
  other: askersNotice,
  struck: everyRow(asleep),
  further: { 'udp-heartbeat': late, 'tcp-heartbeat': late, websocket: late },
}

/** Late answers end the belief that it was down: suspect, down, up, on the same socket. */
function late({ cell, other, watch }: Struck): Claims {
  const changes = other.all('belief:updated', watch)
  const path = changes.map(({ data }) => data.new).join(' ')
  const connections = new Set(changes.map(({ group_id }) => group_id))
  const isUpAgain = path === 'suspect down up' && connections.size === 1
  return [
    took(cell, 'late', AT_ONCE, cell.moment(UNDOING), isUpAgain ? changes.at(-1) : undefined, {
      claim: 'late answers make it up again, on the same socket: suspect, down, up',
      code: 'heartbeat_late',
      formula: '0 .. slack after the program continued',
      because: changes.map(({ data }) => `${data.new} (${data.trigger})`).join(', ') || 'no change of belief',
      source: 'src/protocols/heartbeat/README.md',
      evidence: changes,
    }),
  ]
}
