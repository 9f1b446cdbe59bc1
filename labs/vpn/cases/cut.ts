/** The way is cut for a minute of the protocol, with data under way; nobody gives up before it is mended. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { clockWords, scaled, type VpnSettings } from '../conditions.ts'
import { PAPER } from '../ends.ts'
import {
  connectInside,
  echoed,
  HELLO,
  OUTCOME_WITHIN_MS,
  openTunnel,
  saidAgain,
  untilQuiet,
} from '../tunnel.ts'

export const cut: CaseOf<VpnSettings> = {
  id: 'cut',
  promise: 'the cable is cut, a says something, and a minute of the protocol later it is mended',
  needs: ['network', 'tun'],

  async act(rig, pair, settings) {
    const { cutMs, clockRate } = settings
    await openTunnel(rig, pair, clockRate)
    const inner = await connectInside(rig, pair)
    rig.alive(pair)
    await untilQuiet(rig, pair, clockRate)
    await inner.observe()
    const { undo } = await rig.strike('cut', pair)
    rig.mark(pair, 'speaks')
    await inner.write(HELLO)
    await rig.sleep(cutMs)
    rig.mark(pair, 'mending')
    await undo()
    rig.mark(pair, 'mended')
    await echoed(rig, pair, 'inner-tcp', 2, cutMs + OUTCOME_WITHIN_MS)
    await inner.observe()
    rig.mark(pair, 'over')
    rig.endWatch('cut', pair)
  },

  rows: {
    vpn(cell) {
      const dark = cell.between('speaks', 'mending')
      const [mending, mended] = [cell.moment('mending'), cell.moment('mended')]
      if (dark === null || mending === undefined || mended === undefined) return []
      const { a, settings } = cell
      const { newSession, retry } = scaled(settings)
      const asked = a.all('vpn:handshake_sent', dark)
      const lasted = dark.to - dark.from
      const tries = {
        min: Math.floor((lasted - newSession.maxMs) / retry.maxMs),
        max: Math.ceil((lasted - newSession.minMs) / retry.minMs) + 1,
      }
      return [
        took(cell, 'begins', newSession, dark.from, asked[0], {
          claim: 'what a has said is not answered, so it begins anew',
          formula:
            'KEEPALIVE_TIMEOUT + REKEY_TIMEOUT, and up to 333 ms by chance, by the clock of the tunnel, + slack',
          because: clockWords(settings),
          source: `${PAPER}, section 6.4`,
        }),
        counts(cell, 'asks', { min: Math.max(1, tries.min - 1), max: tries.max }, asked, 'initiations', {
          claim: 'and asks again and again, as long as it is dark',
          formula: 'one each REKEY_TIMEOUT; one less for timers that are late',
          because: `${Math.round(lasted)} ms in the dark; ${clockWords(settings)}`,
          source: `${PAPER}, section 6.4`,
        }),
        nothing(cell, 'not-given-up', a.all('vpn:gave_up', dark), dark, {
          claim: 'it has not given up',
          formula: 'REKEY_ATTEMPT_TIME is longer',
          because: 'that takes ninety seconds of the protocol',
          source: `${PAPER}, section 6.4`,
          evidence: asked,
        }),
        took(
          cell,
          'again',
          { minMs: 0, maxMs: mended - mending + retry.maxMs },
          mending,
          a.first('vpn:session_made', { from: mending }),
          {
            claim: 'when the way is there, the next initiation makes new keys',
            formula: '0 .. the time that mending takes + REKEY_TIMEOUT by the clock of the tunnel + slack',
            because: clockWords(settings),
            source: `${PAPER}, section 6.4`,
          },
        ),
      ]
    },

    'inner-tcp'(cell) {
      const dark = cell.between('speaks', 'mending')
      const [mended, over] = [cell.moment('mended'), cell.moment('over')]
      if (dark === null || mended === undefined || over === undefined) return []
      const heard = cell.a.first('tcp:received', { from: dark.from })
      return [
        nothing(cell, 'unnoticed', cell.a.all('belief:updated', dark), dark, {
          claim: 'the connection inside is told nothing, and believes',
          because: 'its segments are lost in keys that are still good, and it sends them again',
          source: 'RFC 9293 section 3.8',
          evidence: [cell.a.first('tcp:written', { from: dark.from })],
        }),
        took(
          cell,
          'survives',
          { minMs: 0, maxMs: mended - dark.to + saidAgain(cell.a, { from: dark.from, to: mended }).maxMs },
          dark.to,
          heard,
          {
            claim: 'what it has said in the dark arrives, and is answered',
            formula: '0 .. mending, then as long as it was dark, + the timeout of its kernel, + slack',
            because:
              'TCP waits twice as long after each try, so the next comes before it was dark as long again',
            source: 'RFC 6298 section 5.5',
            short: 'LIVES',
          },
        ),
        says(cell, 'kernels', 'ESTABLISHED | ESTABLISHED', cell.states(over), {
          claim: 'in the same connection, at both ends',
          formula: 'a | b',
          because: `connections opened: ${cell.a.all('tcp:connected').length}`,
          source: 'proc(5), /proc/net/tcp',
          evidence: [cell.a.last('kernel:socket_updated'), cell.b.last('kernel:socket_updated')],
        }),
      ]
    },
  },
}
