/** Nobody says a word for longer than keys live. What do the tunnel, and the connection inside, say of it? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { clockWords, scaled, type VpnSettings } from '../conditions.ts'
import { beliefs, PAPER } from '../ends.ts'
import { connectInside, echoed, HELLO, openTunnel, untilQuiet } from '../tunnel.ts'

const ANSWERS_WITHIN_MS = 2000

export const silent: CaseOf<VpnSettings> = {
  id: 'silent',
  promise: 'nobody says a word for nine minutes of the protocol; then a does, in a connection from before',
  needs: ['network', 'tun'],

  async act(rig, pair, { clockRate, silentMs }) {
    await openTunnel(rig, pair, clockRate)
    const inner = await connectInside(rig, pair)
    rig.alive(pair)
    await untilQuiet(rig, pair, clockRate)
    rig.mark(pair, 'silent')
    await rig.sleep(silentMs)
    rig.mark(pair, 'speaks')
    await inner.write(HELLO)
    await echoed(rig, pair, 'inner-tcp', 2, ANSWERS_WITHIN_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const quiet = cell.between('silent', 'speaks')
      if (quiet === null) return []
      const { a, b, settings } = cell
      const { zeroKeysMs } = scaled(settings)
      // A machine that was slow at first may have made two, of which the second counts.
      const [madeAtA, madeAtB] = [a, b].map((end) => end.last('vpn:session_made', { to: quiet.from }))
      const again = a.first('vpn:session_made', { from: quiet.to })
      return [
        nothing(cell, 'nothing-passed', a.packets(quiet), quiet, {
          claim: 'nothing passes, although the keys were too old to be used after three minutes',
          because: 'who has nothing to say needs no keys',
          source: `${PAPER}, section 6.2`,
          evidence: a.packets(quiet) ?? [],
        }),
        took(
          cell,
          'erased',
          { minMs: zeroKeysMs, maxMs: zeroKeysMs },
          madeAtA,
          a.first('vpn:keys_erased', quiet),
          {
            claim: 'after nine minutes a has erased them: there is nothing left of the session',
            formula: '3 x REJECT_AFTER_TIME by its clock, + slack',
            because: clockWords(settings),
            source: `${PAPER}, section 6.3`,
          },
        ),
        took(
          cell,
          'erased-b',
          { minMs: zeroKeysMs, maxMs: zeroKeysMs },
          madeAtB,
          b.first('vpn:keys_erased', quiet),
          {
            claim: 'and so has b',
            formula: '3 x REJECT_AFTER_TIME by its clock, + slack',
            because: clockWords(settings),
            source: `${PAPER}, section 6.3`,
          },
        ),
        says(cell, 'believed', 'up | up', beliefs(cell, quiet.to), {
          claim: 'both ends still say that they are connected, without any keys',
          formula: 'a | b',
          because:
            'nothing was tried, so nothing has failed; "wg show" would show the time of the last handshake, and no more',
          source: 'wg(8)',
          evidence: [a.last('belief:updated', { to: quiet.to }), b.last('belief:updated', { to: quiet.to })],
          short: 'UP',
        }),
        took(cell, 'again', { minMs: 0, maxMs: 0 }, quiet.to, again, {
          claim: 'one word, and there are new keys',
          formula: '0 .. slack',
          because: 'a handshake is one round trip',
          source: `${PAPER}, section 5.4`,
        }),
      ]
    },

    'inner-tcp'(cell) {
      const quiet = cell.between('silent', 'speaks')
      if (quiet === null) return []
      const { a, b } = cell
      return [
        says(cell, 'kernels', 'ESTABLISHED | ESTABLISHED', cell.states(quiet.to), {
          claim: 'the connection inside is established at both ends, with no tunnel to go through',
          formula: 'a | b',
          because: 'TCP that has nothing to say sends nothing either',
          source: 'proc(5), /proc/net/tcp',
          evidence: [
            a.last('kernel:socket_updated', { to: quiet.to }),
            b.last('kernel:socket_updated', { to: quiet.to }),
          ],
          short: 'UP',
        }),
        took(
          cell,
          'survives',
          { minMs: 0, maxMs: 0 },
          quiet.to,
          a.first('tcp:received', { from: quiet.to }),
          {
            claim: 'what it says waits for the new keys, and is answered at once',
            formula: '0 .. slack',
            because: 'the packet that asked for them is the first that goes in them',
            source: `${PAPER}, section 6.4`,
            short: 'LIVES',
          },
        ),
        counts(cell, 'same-connection', 1, a.all('tcp:connected'), 'connections', {
          claim: 'in the connection from before',
          formula: 'one, from before',
          because: `sessions of the tunnel meanwhile: ${cell.beside('vpn').a.all('vpn:session_made').length}`,
          source: 'RFC 9293 section 3.3.10',
        }),
      ]
    },
  },
}
