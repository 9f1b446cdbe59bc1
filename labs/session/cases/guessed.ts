/** The name of a session is public. Its token is not, and nobody guesses 128 bits. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts } from '../../../src/lab/claims.ts'
import {
  TOKEN_HEX_DIGITS,
  WRONG_TOKENS_PER_CONNECTION_MAX,
} from '../../../src/protocols/session/constants.ts'
import { lives } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { converse, stateOf } from '../conversation.ts'

/** Each of them guesses tokens of this one digit. */
const GUESSERS = ['0', 'f']

export const guessed: CaseOf<SessionSettings> = {
  id: 'guessed',
  promise: "somebody knows the session's name and guesses tokens",

  async act(rig, pair, settings) {
    const { messages, before } = settings
    await converse(rig, pair, settings, { isClientKept: true }, async (it) => {
      await it.begin()
      const talking = it.say(1, messages)
      await it.untilAcknowledged(before)
      const { session } = stateOf(it.stateFile)
      for (const digit of GUESSERS) {
        const guesser = await rig.sockets(pair.a).tcp.connect(it.row, it.at)
        await guesser.connected()
        const token = digit.repeat(TOKEN_HEX_DIGITS)
        for (let each = 0; each < WRONG_TOKENS_PER_CONNECTION_MAX; each++) {
          await guesser.write(`RESUME ${session} ${token} ${token} 0\n`)
        }
        await rig.untilEvent(pair.a, 'tcp:end_received', { groupId: guesser.groupId })
      }
      await talking
      await it.end()
    })
  },

  rows: { tcp: (cell) => [...refused(cell), ...lives(cell, 1)] },
}

function refused(cell: Cell): Claims {
  const refusals = cell.b.all('session:claim_refused').filter(({ data }) => data.reason === 'unknown-session')
  const ended = cell.a.all('tcp:end_received')
  const each = WRONG_TOKENS_PER_CONNECTION_MAX
  return [
    counts(cell, 'refused', GUESSERS.length * each, refusals, 'refusals', {
      claim: 'a wrong token is refused in the same words as a session that does not exist',
      formula: `guessers x guesses = ${GUESSERS.length} x ${each}`,
      because: "the guesser knows the session's name, which is public, and learns nothing",
      source: 'OWASP ASVS 5.0, 7.2.3: 128 bits of entropy',
    }),
    counts(cell, 'closed', GUESSERS.length, ended, 'connections', {
      claim: "after three wrong tokens the server closes the guesser's connection, and nobody else's",
      formula: `one FIN for each guesser = ${GUESSERS.length}`,
      because: ended.map(({ group_id: group }) => group).join(', '),
      source: 'src/protocols/session/constants.ts',
    }),
  ]
}
