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
  promise:
    'a and b know the public keys of each other, and nothing was said yet; then a pings b, inside; beside it, a page by TLS',

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
    const bank = await rig.sockets(pair.b).site.bank('tls', { secure: true })
    const tls = { ca: bank.certificate ?? '', ticket: false }
    await rig.sockets(pair.a).user('alice').ask('tls', bank, { path: '/', tls })
    rig.mark(pair, 'negotiated')
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

    tls(cell) {
      const negotiated = cell.between('answered', 'negotiated')
      if (negotiated === null) return []
      const hellos = cell.a.packets(negotiated) && cell.a.all('tls:hello_captured', negotiated)
      const [offer, choice] = hellos ?? []
      const offered = offer?.data.suites ?? []
      const words = { source: 'RFC 8446 sections 4.1.1, 4.1.2, 4.1.3', evidence: [offer, choice] }
      return [
        says(
          cell,
          'messages',
          'ClientHello, ServerHello',
          hellos?.map(({ data }) => data.message).join(', ') ?? null,
          {
            claim: 'TLS begins with a question and an answer that whoever listens can read',
            formula: 'one hello of either end, not encrypted',
            because: 'before they have agreed there is nothing to encrypt with',
            ...words,
          },
        ),
        counts(cell, 'offered', { min: 2, max: SUITES_MAX }, hellos && offered.length, 'suites', {
          claim: 'the client offers suites of ciphers, and would take any of them',
          formula: 'more than one: or there is nothing to choose',
          because: offered.slice(0, 3).join(', '),
          ...words,
          short: `${offered.length} -> 1`,
        }),
        says(cell, 'chosen', offered, hellos && (choice?.data.suites.join(', ') ?? ''), {
          claim: 'the server chooses one of them: that is a negotiation, and WireGuard has none',
          formula: 'one of those that were offered',
          because: 'the two messages beside it in this case have no field for a choice',
          ...words,
        }),
      ]
    },
  },
}

/** The length of the list has two bytes, and a suite has two. */
const SUITES_MAX = 32_767
