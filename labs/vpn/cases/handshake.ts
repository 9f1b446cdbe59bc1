/** Two messages, and both have keys; the third is already what somebody wanted to say. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, says } from '../../../src/lab/claims.ts'
import type { VpnSettings } from '../conditions.ts'
import {
  beliefs,
  INITIATION_BYTES,
  openEnds,
  PAPER,
  PING_BYTES,
  pingAcross,
  RESPONSE_BYTES,
} from '../ends.ts'

export const handshake: CaseOf<VpnSettings> = {
  id: 'handshake',
  promise: 'a and b know the public keys of each other, and nothing was said yet; then a pings b, inside',
  needs: ['network'],

  async act(rig, pair, { persistentMs }) {
    const { client } = await openEnds(rig, pair, 'vpn', persistentMs)
    // Something else passes first: so silence is that of the VPN, and not of a capture that sees nothing.
    await rig.measure(pair.a, pair.b, { count: 1, everyMs: 0, bytes: 20, withinMs: SLACK_MS })
    rig.mark(pair, 'configured')
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'ping')
    await pingAcross(rig, pair, client, 'vpn', 1)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'answered')
  },

  rows: {
    vpn(cell) {
      const unsaid = cell.between('configured', 'ping')
      const said = cell.between('ping', 'answered')
      if (unsaid === null || said === null) return []
      const { a, b } = cell
      const passed = a.packets(said)
      const made = [a.first('vpn:session_made'), b.first('vpn:session_made')]
      const [atA, atB] = made
      const confirmed = b.first('vpn:session_confirmed')
      const order = [...made, confirmed]
        .filter((event) => event !== undefined)
        .sort((one, other) => one.time - other.time)
        .map((event) => ('role' in event.data ? event.data.role : 'confirmed'))
      const sizes = [INITIATION_BYTES, RESPONSE_BYTES, PING_BYTES, PING_BYTES]
      return [
        counts(cell, 'before', 0, a.packets(unsaid), 'packets', {
          claim: 'before anybody has something to say there is nothing on the wire, with all keys in place',
          formula: 'no keepalive was asked for',
          because: 'a configuration is no connection',
          source: `${PAPER}, section 6`,
        }),
        says(cell, 'sizes', sizes.join(', '), passed?.map(({ data }) => data.bytes).join(', ') ?? null, {
          claim: 'two messages make a session, and then the ping crosses and is answered',
          formula: 'initiation, response, ping, answer: the bytes of each datagram',
          because: 'who listens sees these lengths, the times and the addresses, and nothing that is inside',
          source: `${PAPER}, sections 5.4.2, 5.4.3, 5.4.6`,
          evidence: passed ?? [],
          short: `${passed?.length ?? '?'} pkts`,
        }),
        says(cell, 'order', 'responder, initiator, confirmed', order.join(', '), {
          claim: 'the responder has keys first, and does not know whether the other one has them',
          formula: 'by the answer the initiator knows; by the first packet in them the responder does',
          because: 'two ends agree on something, and one of them is always the last to know',
          source: `${PAPER}, section 5.4.5`,
          evidence: [atB, atA, confirmed],
        }),
        says(
          cell,
          'negotiated',
          'initiator | responder',
          made.map((event) => event?.data.role ?? '').join(' | '),
          {
            claim: 'nobody has chosen a cipher, and nobody has a name: a key is all there is of either',
            formula: 'no message has a field for it',
            because: `each is known as ${[a, b].map((end) => end.first('vpn:opened')?.data.publicKey.slice(0, 8)).join(' and ')}...`,
            source: `${PAPER}, section 5`,
            evidence: made,
          },
        ),
        says(cell, 'believed', 'up | up', beliefs(cell, said.to), {
          claim: 'both believe in it now',
          formula: 'a | b',
          because: 'a since the answer came, b since it heard something in the new keys',
          source: 'src/programs/vpn-peer.ts',
          evidence: [a.last('belief:updated'), b.last('belief:updated')],
        }),
      ]
    },
  },
}
