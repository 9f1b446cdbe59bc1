/** A call, message by message: who hears of it, and what holds it. */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, counts, nothing, says, took } from '../../../src/lab/claims.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import { readSockets } from '../../../src/rig/socket-look.ts'
import type { SipSettings } from '../conditions.ts'
import { addressOfBob, heard, openPhone, openRegistrar, TALK_MS, until } from '../phones.ts'
import { beliefs, flowOf, messagesOf, ofMessage, portsOf, voiceIn, voiceOf } from '../wire.ts'

const ROW = 'udp'

export const call: CaseOf<SipSettings> = {
  id: 'call',
  promise: 'bob registers, alice calls him by the proxy, they talk, and alice hangs up',
  needs: [],
  third: true,

  async act(rig, pair) {
    const { a, b } = pair
    const registrar = await openRegistrar(rig, pair, ROW)
    const bob = await openPhone(rig, pair, 'b', ROW, 'bob', { registrar })
    const alice = await openPhone(rig, pair, 'a', ROW, 'alice')
    rig.mark(pair, 'registers')
    await bob.register()
    await until(rig, b, 'sip:registered', ROW)
    rig.mark(pair, 'calls')
    await alice.call(addressOfBob(registrar))
    const [voiceAtA = 0, voiceAtB = 0] = await heard(rig, pair, ROW)
    rig.mark(pair, 'talking')
    await rig.sleep(TALK_MS)
    for (const [host, signalling, voice] of [
      [a, alice.at.port, voiceAtA],
      [b, bob.at.port, voiceAtB],
    ] as const) {
      readSockets(rig, host, ROW, [signalling])
      readSockets(rig, host, ROW, [voice])
    }
    rig.mark(pair, 'hangs-up')
    await alice.hangUp()
    await until(rig, a, 'sip:call_ended', ROW)
    rig.mark(pair, 'hung-up')
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    [ROW](cell) {
      const registering = cell.between('registers', 'calls')
      const calling = cell.between('calls', 'talking')
      const talking = cell.between('talking', 'hangs-up')
      const ending = cell.between('hangs-up', 'hung-up')
      const silent = cell.between('hung-up', 'over')
      if (!registering || !calling || !talking || !ending || !silent) return []
      const { a, b, c } = cell
      const { voiceEveryMs } = cell.settings
      const invited = ofMessage(a.packets(calling), 'INVITE')
      const one = voiceIn(talking, voiceEveryMs)
      const voice = voiceOf(a.packets(talking), voiceEveryMs)
      // The answer passes the proxy just before it comes to alice.
      const answered = received(ofMessage(a.packets(calling), '200', 'INVITE'))?.[0]?.time ?? talking.from
      const signalling = messagesOf(a.packets(calling))
      const looks = [a, b].flatMap((end) => end.ofHost('kernel:sockets_read'))
      const unknown = looks.length === 0
      const connections = looks.flatMap(({ data }) => data.connections)
      const [atA, voiceAtA, atB, voiceAtB] = looks.map(({ data }) => data.datagramSockets)
      const bye = ofMessage(b.packets(ending), 'BYE')
      const afterwards = { from: calling.from, to: silent.to }
      return [
        says(cell, 'registered', 'REGISTER, 401, REGISTER, 200', flowOf(b.packets(registering)), {
          claim: 'bob says where he is; he is asked who he is, and says it again, with a proof',
          formula: 'a question, a challenge, the question with the answer to it, and it is noted',
          because:
            'the password is never sent: a digest of it, and of a number that the registrar has chosen',
          source: 'RFC 3261 section 22.4; RFC 8760',
        }),
        says(cell, 'flow', 'INVITE, 100, 180, 200, ACK', flowOf(a.packets(calling)), {
          claim: 'five messages make a call, as alice sees it',
          formula: 'asked, on its way, it rings, he answers, she has heard that he does',
          because: 'the 100 is from the proxy alone; all the rest is between alice and bob',
          source: 'RFC 3261 section 4',
          evidence: signalling ?? [],
          short: `${signalling?.length ?? '?'} msgs`,
        }),
        counts(
          cell,
          'without-proxy',
          0,
          messagesOf(c.packets({ from: answered, to: silent.to })),
          'messages',
          {
            claim: 'after bob has answered the proxy sees nothing more: no ACK, no BYE',
            formula: 'the answer says where bob is; from then on the two talk to each other',
            because: `before it there were ${flowOf(c.packets(calling)) ?? '?'}`,
            source: 'RFC 3261 sections 12.1.2, 13.2.2.4',
            evidence: messagesOf(c.packets(calling)) ?? [],
          },
        ),
        counts(cell, 'voice', { min: 2 * one.min, max: 2 * one.max }, voice, 'packets', {
          claim: 'their voices go all the time, both ways',
          formula: `one each ${voiceEveryMs} ms, there and back, for ${Math.round(talking.to - talking.from)} ms`,
          because: 'it is silence that would cost nothing; these telephones send it too',
          source: 'RFC 3550; RFC 3551',
        }),
        counts(cell, 'voice-proxy', 0, voiceOf(c.packets(afterwards), voiceEveryMs), 'packets', {
          claim: 'and not one of them by the proxy',
          formula: 'each end has said in its SDP where it wants to hear',
          because: 'whoever finds people need not carry what they say',
          source: 'RFC 3264 section 5',
          evidence: voice ?? [],
        }),
        says(
          cell,
          'ports',
          'others',
          voice && signalling && othersOrNot(portsOf(voice), portsOf(signalling)),
          {
            claim: 'the voice has other ports than the signalling: nothing in the network joins them',
            formula: 'the ports of the voice are none of those of the messages',
            because: `voice at ${voice && portsOf(voice).join(', ')}, messages at ${signalling && portsOf(signalling).join(', ')}`,
            source: 'RFC 3264 section 5; RFC 4566 section 5.14',
            evidence: [voice?.[0], invited?.[0]],
          },
        ),
        counts(cell, 'no-connection', 0, unknown ? null : connections.length, 'connections', {
          claim: 'neither kernel has a connection of this call, in the middle of it',
          formula: 'none: UDP has no such thing',
          because: 'what is connected is in two programs: a number, two tags, two counters',
          source: 'RFC 3261 section 12; RFC 768',
          evidence: looks,
          short: 'NONE',
        }),
        says(cell, 'sockets', 'anybody | anybody', unknown ? null : peersOf(atA, atB), {
          claim: 'the sockets of the signalling know nobody: each takes what comes from whomever',
          formula: 'no remote address in the table: a | b',
          because: `the telephones are at ${[atA, atB].map((one) => one?.[0]?.local).join(' and ')}`,
          source: 'ss(8); udp(7)',
          evidence: looks,
        }),
        says(
          cell,
          'voice-sockets',
          `${voiceAtB?.[0]?.local} | ${voiceAtA?.[0]?.local}`,
          unknown ? null : peersOf(voiceAtA, voiceAtB),
          {
            claim:
              'those of the voice have an address noted, so that no other voice is heard: nothing was sent for it',
            formula: 'the address of the other: a | b',
            because: 'connect(2) on a UDP socket is a note in one kernel, and no word to the other',
            source: 'udp(7); RFC 3264 section 5',
            evidence: looks,
          },
        ),
        says(cell, 'believed', 'up | up', beliefs(cell, talking.to), {
          claim: 'both believe in the call',
          formula: 'a | b',
          because: 'alice since the 200 came, bob since the ACK did',
          source: 'src/programs/sip-phone.ts',
          evidence: [a.last('belief:updated', talking), b.last('belief:updated', talking)],
        }),
        took(cell, 'hung-up', AT_ONCE, ending.from, bye && b.first('sip:call_ended', { from: ending.from }), {
          claim: 'alice hangs up, and bob learns of it by one message',
          because: 'a BYE, which he answers: 200',
          source: 'RFC 3261 section 15',
        }),
        nothing(cell, 'silent', sent(voiceOf(a.packets(silent), voiceEveryMs)), silent, {
          claim: 'and then there is nothing at all',
          formula: 'no voice after the BYE is answered',
          because: 'there was nothing but what the two ends knew, and they have ended it',
          source: 'RFC 3261 section 15',
        }),
      ]
    },
  },
}

function othersOrNot(ports: readonly string[], than: readonly string[]): string {
  return ports.some((port) => than.includes(port)) ? 'the same' : 'others'
}

/** Whom the socket of a port takes datagrams from, at either end. */
function peersOf(...ends: (EventOf<'kernel:sockets_read'>['data']['datagramSockets'] | undefined)[]): string {
  return ends.map((sockets) => sockets?.map(({ remote }) => remote ?? 'anybody').join(', ')).join(' | ')
}
