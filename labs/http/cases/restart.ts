/** The server is killed and started again, with its sessions in memory and in a file. */
import { rm } from 'node:fs/promises'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, says } from '../../../src/lab/claims.ts'
import { amountOf, OPENING_CENTS } from '../../../src/programs/bank/transfer.ts'
import { answered, balanceIn, sessionIn, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { customersOf, madeUpId } from '../customer.ts'
import { killableBank } from '../servers.ts'

export const restart: CaseOf<HttpSettings> = {
  id: 'restart',
  promise: 'the server is killed and started again, and the customer comes back',
  inTurn: true,

  async act(rig, pair, { amountCents }) {
    const killedAndStarted = async (row: string, store: string) => {
      const bank = await killableBank(rig, pair.b, { mechanism: row, name: 'one', store })
      const alice = customersOf(rig, pair, row, bank.at)('alice', { connection: 'one' })
      await alice.signIn()
      await alice.transfer('bob', amountCents, madeUpId())
      await alice.visit()
      rig.mark(pair, `${row} to be killed`)
      await bank.kill()
      await killableBank(rig, pair.b, { mechanism: row, name: 'one', store, port: bank.at.port, round: 2 })
      await alice.visit({ connection: 'two' })
    }
    await killedAndStarted('memory', 'memory')
    const folder = `${rig.plan.folder}/store-durable`
    await killedAndStarted('durable', folder)
    await rm(folder, { recursive: true })
  },

  rows: {
    memory: (cell) =>
      comesBack(cell, {
        outcome: '401',
        session: 'and so does the session, which was in its memory',
        balance: 'not shown',
        formula: '401',
        money: 'and nobody is shown any balance',
      }),

    durable(cell) {
      const { amountCents } = cell.settings
      return comesBack(cell, {
        outcome: '200',
        session: 'the session does not: the new process finds it in the store',
        balance: amountOf(OPENING_CENTS - amountCents),
        formula: `${amountOf(OPENING_CENTS)} - ${amountOf(amountCents)}`,
        money: 'and the money is where it was',
      })
    },
  },
}

interface Expected {
  outcome: string
  session: string
  balance: string
  formula: string
  money: string
}

function comesBack(cell: Cell, { outcome, session, balance, formula, money }: Expected): Claims {
  const { a, b } = cell
  const from = cell.moment(`${cell.row} to be killed`)
  if (from === undefined) return []
  const [before, after] = visitsOf(cell)
  const [killed] = b.ofHost('command:ended', { from })
  const first = a.of(before?.group)
  const end = first.first('tcp:end_received', { from }) ?? first.first('tcp:error_received', { from })
  const shown = before?.session
  const known = [...b.all('http-session:used', { from }), ...b.all('http-session:refused', { from })].filter(
    ({ data }) => data.session === shown,
  )
  return [
    says(cell, 'connection', 'ended', end === undefined ? '' : 'ended', {
      claim: 'the connection ends with the process: its kernel says so',
      formula: 'FIN or RST at the client, after SIGKILL at the server',
      because: `killed by ${killed?.data.signal}; at the client: ${end?.name}`,
      source: 'RFC 9293 section 3.6; tcp(7)',
      evidence: [killed, end],
    }),
    answered(cell, 'session', outcome, after, {
      claim: session,
      formula: 'the next visit with the same cookie, at the same port',
      because: `at the bank: ${known.map(({ name }) => name).join(', ') || 'nothing'}`,
      source: 'durable: LMDB, a commit is on disk before it is answered',
      short: after?.outcome ?? '-',
      evidence: [after?.event, ...known],
    }),
    says(cell, 'same-cookie', shown ?? 'the cookie from before', sessionIn(after), {
      claim: 'the browser sends the cookie as before: it knows of no restart',
      formula: 'the digest of what it sends',
      because: 'a cookie belongs to a host name, not to a process',
      source: 'RFC 6265 section 5.4',
      evidence: [after?.sent],
    }),
    says(cell, 'balance', balance, balanceIn(after), {
      claim: money,
      formula,
      because: `answered with ${after?.outcome ?? 'nothing'}`,
      source: 'durable: transfer, ledger and key are written in one step',
      evidence: [after?.event],
    }),
  ]
}
