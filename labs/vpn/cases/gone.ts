/** The server is gone, with its keys, and starts again. Who notices, and when? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { sent } from '../../../src/lab/packets.ts'
import { NEW_SESSION_AFTER, RETRY_AFTER, type VpnSettings } from '../conditions.ts'
import { beliefs, INSIDE, openEnds, PAPER, pingAcross } from '../ends.ts'

const TALKERS = ['vpn', 'vpn-persistent'] as const

export const gone: CaseOf<VpnSettings> = {
  id: 'gone',
  promise: 'the server ends without a word; later a has something to say; then the server is started again',

  async act(rig, pair, { persistentMs, unspokenMs }) {
    const ends = []
    for (const row of TALKERS) {
      const opened = await openEnds(rig, pair, row, persistentMs)
      await pingAcross(rig, pair, opened.client, row, 1)
      ends.push({ row, ...opened })
    }
    for (const { server } of ends) await server.close()
    rig.mark(pair, 'gone')
    await rig.sleep(unspokenMs)
    rig.mark(pair, 'ping')
    for (const { client } of ends) await client.ping(INSIDE.b)
    await Promise.all(
      ends.map(({ row }) =>
        rig.came(
          rig.untilEvent(pair.a, 'vpn:handshake_sent', {
            mechanism: row,
            occurrence: 2,
            withinMs: 2 * NEW_SESSION_AFTER.maxMs,
          }),
        ),
      ),
    )
    rig.mark(pair, 'asked')
    for (const { startAgain } of ends) await startAgain()
    rig.mark(pair, 'back')
    await Promise.all(
      ends.map(({ row }) =>
        rig.came(
          rig.untilEvent(pair.a, 'vpn:session_made', {
            mechanism: row,
            occurrence: 2,
            withinMs: 2 * RETRY_AFTER.maxMs,
          }),
        ),
      ),
    )
    await rig.sleep(SETTLES_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn: (cell) => [...unnoticed(cell, 0), ...noticed(cell)],
    'vpn-persistent': (cell) => [
      ...unnoticed(cell, Math.floor(cell.settings.unspokenMs / cell.settings.persistentMs)),
      ...noticed(cell),
    ],
  },
}

/** A ping that waited crosses with the new keys. */
const SETTLES_MS = 300

function unnoticed(cell: Cell<VpnSettings>, keepalives: number): Claims {
  const unspoken = cell.between('gone', 'ping')
  if (unspoken === null) return []
  const out = sent(cell.a.packets(unspoken))
  return [
    counts(cell, 'sent', { min: Math.max(0, keepalives - 1), max: keepalives }, out, 'packets', {
      claim: keepalives === 0 ? 'a has nothing to say, and sends nothing' : 'a goes on with its keepalives',
      formula: keepalives === 0 ? 'no keepalive was asked for' : 'one each PersistentKeepalive',
      because: `${Math.round(unspoken.to - unspoken.from)} ms after the server has ended`,
      source: `${PAPER}, section 6.5`,
    }),
    nothing(cell, 'unnoticed', cell.a.all('belief:updated', unspoken), unspoken, {
      claim: 'and goes on believing in somebody who is not there',
      because: `keepalives that nobody answers cannot be missed; ${beliefs(cell, unspoken.to)}`,
      source: `${PAPER}, section 6.5`,
      short: 'UP',
    }),
  ]
}

function noticed(cell: Cell<VpnSettings>): Claims {
  const [ping, back] = [cell.moment('ping'), cell.moment('back')]
  if (ping === undefined || back === undefined) return []
  const { a } = cell
  const [, begun] = a.all('vpn:handshake_sent').filter(({ data }) => data.message === 'initiation')
  const [, made] = a.all('vpn:session_made')
  const answered = a.first('vpn:ping_answered', { from: ping })
  return [
    took(cell, 'begins', NEW_SESSION_AFTER, ping, begun, {
      claim: 'only data that is not answered is missed: after fifteen seconds a begins anew',
      formula: 'KEEPALIVE_TIMEOUT + REKEY_TIMEOUT, and up to 333 ms by chance, + slack',
      because: 'whoever receives data answers it within ten seconds, with an empty packet if need be',
      source: `${PAPER}, section 6.4`,
    }),
    took(cell, 'again', { minMs: 0, maxMs: RETRY_AFTER.maxMs }, back, made, {
      claim: 'the server that is back, and knows nothing of it all, has new keys with the next initiation',
      formula: '0 .. REKEY_TIMEOUT, and up to 333 ms by chance, + slack',
      because: 'it has its private key, and the public one of a: that is all it takes',
      source: `${PAPER}, section 6.4`,
    }),
    says(cell, 'lost', 'lost', answered === undefined ? 'lost' : 'answered', {
      claim: 'the ping that was sent in the old keys is lost: nobody keeps what was sent',
      formula: 'a datagram is sent once',
      because: 'who wants to be sure must say it again: TCP, inside, would',
      source: `${PAPER}, section 6.4`,
      evidence: [made],
    }),
  ]
}
