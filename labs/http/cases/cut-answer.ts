/** The money moves, and the answer does not arrive. */

import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import { ofKind } from '../../../src/lab/packets.ts'
import { amountOf, OPENING_CENTS } from '../../../src/programs/bank/transfer.ts'
import { answered, balanceIn, transfersOf, visitsOf } from '../asks.ts'
import type { HttpSettings } from '../conditions.ts'
import { BANK_ANSWERS, madeUpId, openBank } from '../customer.ts'

const KEY = 'draft-ietf-httpapi-idempotency-key-header'

export const cutAnswer: CaseOf<HttpSettings> = {
  id: 'cut-answer',
  promise: 'a transfer is done, its answer is kept back on the cable, and the customer asks again',
  needs: ['cable'],

  async act(rig, pair, { amountCents, answerWithinMs }) {
    const cable = rig.cable(pair)
    for (const row of ['same-key', 'new-key'] as const) {
      const alice = (await openBank(rig, pair, row)).someone('alice')
      await alice.signIn({ connection: 'one' })

      await cable.hold('bToA', ['data'])
      rig.mark(pair, `${row} kept back`)
      const key = madeUpId()
      await alice.transfer('bob', amountCents, key, { connection: 'one', answerWithinMs })
      await rig.untilEvent(pair.b, 'bank:transfer_done', { mechanism: row, ...BANK_ANSWERS })
      rig.mark(pair, `${row} let go`)
      await cable.release('bToA')

      const again = row === 'same-key' ? key : madeUpId()
      await alice.transfer('bob', amountCents, again, { connection: 'two' })
      await alice.visit({ connection: 'two' })
    }
    const alice = (await openBank(rig, pair, 'no-key')).someone('alice', { connection: 'one' })
    await alice.signIn()
    await alice.transfer('bob', amountCents, null)
    await alice.visit()
  },

  rows: {
    'same-key': (cell) =>
      askedAgain(cell, 1, {
        again: 'asked again with the same key, the bank answers as if it were the first time',
        moved: 'and the money has moved once',
        formula: 'one: the second answer repeats the first',
      }),

    'new-key': (cell) =>
      askedAgain(cell, 2, {
        again: 'asked again with a new key, the bank has never heard of it',
        moved: 'and the money has moved twice',
        formula: 'one for each key',
      }),

    'no-key'(cell) {
      const { b } = cell
      const [asked] = transfersOf(cell)
      // That nothing has moved is seen where the bank says what it did about the request.
      const refused = b.first('bank:transfer_refused')
      const done = b.all('bank:transfer_done')
      return [
        answered(cell, 'refused', '400', asked, {
          claim: 'a transfer without a key is refused: its sender could not safely ask again',
          formula: 'a transfer without the header Idempotency-Key',
          because: `the bank refused it because of its ${refused?.data.because}`,
          source: `${KEY} section 2.7`,
          short: asked?.outcome ?? '-',
        }),
        counts(cell, 'done', 0, refused === undefined ? null : done, 'transfers', {
          claim: 'and nothing has moved',
          formula: 'transfers that the bank did',
          because: 'it was refused before anything was done',
          source: KEY,
          evidence: [refused, ...done],
          unseen: 'the bank does not say that it had the request',
        }),
      ]
    },
  },
}

/** @param times how often the money moves */
function askedAgain(
  cell: Cell<HttpSettings>,
  times: number,
  words: { again: string; moved: string; formula: string },
): Claims {
  const held = cell.between(`${cell.row} kept back`, `${cell.row} let go`)
  if (held === null) return []
  const { amountCents, answerWithinMs } = cell.settings
  const { b } = cell
  const [first, again] = transfersOf(cell)
  const last = visitsOf(cell).at(-1)
  const done = b.all('bank:transfer_done')
  const frames = cell.log
    .all('cable:frame_stopped', held)
    .filter(({ data }) => data.cable === cell.case && data.direction === 'bToA')
  const answers = frames.filter(({ data }) => data.text?.startsWith('200'))
  const late = cell.a.of(first?.group).packets({ from: held.to })
  const resets = ofKind(late, 'rst')
  return [
    says(cell, 'answer', 'kept back', answers.length > 0 ? 'kept back' : '', {
      claim: 'the bank answers, and the answer stays on the cable',
      formula: 'a frame that begins with 200, stopped before the customer gave up',
      because: `the cable kept back ${frames.length} frames with data`,
      source: 'what the cable says of it',
      evidence: answers,
    }),
    answered(cell, 'customer', 'NO_ANSWER', first, {
      claim: 'the customer sees no answer, and cannot know whether it was done',
      formula: `nothing for ${answerWithinMs} ms, then the connection is closed`,
      because: 'a lost request looks the same to her as a lost answer',
      source: 'RFC 9110 section 9.2.2',
    }),
    counts(cell, 'done', 1, b.all('bank:transfer_done', { to: held.to }), 'transfers', {
      claim: 'it had been done',
      formula: 'transfers that the bank had done by then',
      because: 'only the answer was kept back, and not the request',
      source: 'RFC 9110 section 9.2.2',
    }),
    says(cell, 'too-late', 'RST', resets && (resets.length > 0 ? 'RST' : ''), {
      claim: 'when the answer arrives at last, nobody is waiting for it any more',
      formula: "the client's kernel answers it with RST",
      because: `${late?.length ?? 0} packets of that connection passed after the answer was let go`,
      source: 'RFC 9293 section 3.10.7.1',
      evidence: resets ?? [],
    }),
    answered(cell, 'again', '200', again, {
      claim: words.again,
      formula: 'the second request',
      because: 'over another connection: the bank knows a transfer by its key',
      source: KEY,
    }),
    counts(cell, 'in-all', times, done, 'transfers', {
      claim: words.moved,
      formula: words.formula,
      because: `repeated: ${b.all('bank:transfer_repeated').length}`,
      source: `${KEY}; RFC 9110 section 9.2.2: POST is not idempotent`,
      short: `${done.length} done`,
    }),
    says(cell, 'balance', amountOf(OPENING_CENTS - times * amountCents), balanceIn(last), {
      claim: 'as the account shows',
      formula: `${amountOf(OPENING_CENTS)} - ${times} x ${amountOf(amountCents)}`,
      because: 'the last visit, after both requests',
      source: KEY,
      evidence: [last?.event],
    }),
  ]
}
