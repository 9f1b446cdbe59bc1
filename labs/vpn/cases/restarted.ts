/** The server ends and starts again, with a TCP connection inside. Who has to be told? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says, took } from '../../../src/lab/claims.ts'
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

export const restarted: CaseOf<VpnSettings> = {
  id: 'restarted',
  promise: 'the end of the tunnel at b ends without a word, a says something inside, and it is started again',
  needs: ['network', 'tun'],

  async act(rig, pair, settings) {
    const { clockRate } = settings
    const { newSession } = scaled(settings)
    const { server, startAgain } = await openTunnel(rig, pair, clockRate)
    const inner = await connectInside(rig, pair)
    rig.alive(pair)
    await untilQuiet(rig, pair, clockRate)
    await inner.observe()
    await server.close()
    rig.mark(pair, 'speaks')
    await inner.write(HELLO)
    await rig.sleep(newSession.maxMs + SLACK_MS)
    rig.mark(pair, 'starting')
    await startAgain()
    rig.mark(pair, 'back')
    await echoed(rig, pair, 'inner-tcp', 2, 2 * newSession.maxMs + OUTCOME_WITHIN_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    vpn(cell) {
      const [spoke, starting, back] = [cell.moment('speaks'), cell.moment('starting'), cell.moment('back')]
      if (spoke === undefined || starting === undefined || back === undefined) return []
      const { newSession, retry } = scaled(cell.settings)
      const made = cell.a.first('vpn:session_made', { from: starting })
      return [
        took(cell, 'begins', newSession, spoke, cell.a.first('vpn:handshake_sent', { from: spoke }), {
          claim: 'what a has said is not answered, so it begins anew',
          formula: 'KEEPALIVE_TIMEOUT + REKEY_TIMEOUT, and up to 333 ms by chance, by its clock, + slack',
          because: clockWords(cell.settings),
          source: `${PAPER}, section 6.4`,
        }),
        took(cell, 'again', { minMs: 0, maxMs: back - starting + retry.maxMs }, starting, made, {
          claim: 'the next initiation makes new keys with a server that knows nothing of the old ones',
          formula: '0 .. the time that the start takes + REKEY_TIMEOUT by its clock, + slack',
          because: clockWords(cell.settings),
          source: `${PAPER}, section 6.4`,
        }),
      ]
    },

    'inner-tcp'(cell) {
      const [spoke, back, over] = [cell.moment('speaks'), cell.moment('back'), cell.moment('over')]
      if (spoke === undefined || back === undefined || over === undefined) return []
      const { retry } = scaled(cell.settings)
      const written = cell.a.first('tcp:written', { from: spoke })
      const again = saidAgain(cell.a, { from: spoke, to: back + retry.maxMs })
      const late = { minMs: 0, maxMs: again.maxMs + retry.maxMs }
      return [
        took(cell, 'survives', late, back, cell.a.first('tcp:received', { from: spoke }), {
          claim: 'what the connection inside has said meanwhile arrives when the tunnel is back',
          formula:
            '0 .. REKEY_TIMEOUT by its clock, then as long as it had been away, + the timeout of its kernel, + slack',
          because:
            'TCP waits twice as long after each try, so the next comes before it was away as long again',
          source: 'RFC 6298 section 5.5',
          short: 'LIVES',
        }),
        counts(cell, 'same-connection', 1, cell.a.all('tcp:connected'), 'connections', {
          claim: 'in the connection from before: nobody has connected again',
          formula: 'one, from before',
          because: `sessions of the tunnel meanwhile: ${cell.beside('vpn').a.all('vpn:session_made').length}`,
          source: 'RFC 9293 section 3.3.10',
        }),
        says(cell, 'kernels', 'ESTABLISHED | ESTABLISHED', cell.states(over), {
          claim: 'both kernels had held it all the time, b without the address that it is bound to',
          formula: 'a | b',
          because: 'the device of the tunnel, with its address, was gone with the program',
          source: 'proc(5), /proc/net/tcp',
          evidence: [written, cell.a.last('kernel:socket_updated'), cell.b.last('kernel:socket_updated')],
        }),
      ]
    },
  },
}
