/** A line is cut, and really: the light of the link goes out. Who is told? */
import { run } from '../../../src/hosts/commands.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { AT_ONCE, nothing, says, took } from '../../../src/lab/claims.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'

export const cut: CaseOf<CircuitSettings> = {
  id: 'cut',
  promise:
    'the line between the office and b is cut, with a call and a TCP connection on it; then it is mended',
  needs: ['cable'],
  middle: 'exchange',
  exchange: officeOf('cut'),

  async act(rig, pair, { cutMs }) {
    const { a, b } = pair
    await rig.sockets(b).telephone.attach('circuit', a)
    const telephones = await rig.sockets(a).telephone.attach('circuit', b)
    await telephones.call(1)
    const { client } = await rig.connectTcp(pair, 'packets')
    await client.write('hello')
    await rig.came(rig.untilEvent(b, 'tcp:received', { groupId: client.groupId }))
    await rig.sleep(SLACK_MS)

    rig.mark(pair, 'cut')
    // The port at the office: so both cards of this line have lost their link.
    await run(['ip', 'link', 'set', 'dev', b.name, 'down'], rig.emit)
    rig.mark(pair, 'is-cut')
    rig.emitterOf(b, 'kernel')('kernel:link_read', { link: linkOf(await rig.run(b, LINK_COMMAND)) })
    await rig.sleep(cutMs)
    rig.mark(pair, 'mending')
    await run(['ip', 'link', 'set', 'dev', b.name, 'up'], rig.emit)
    rig.mark(pair, 'mended')
    await rig.sleep(SLACK_MS)
    await client.write('still here')
    await rig.came(rig.untilEvent(b, 'tcp:received', { groupId: client.groupId, occurrence: 2 }))
    rig.mark(pair, 'over')
  },

  rows: {
    circuit(cell) {
      const [began, done] = [cell.moment('cut'), cell.moment('is-cut')]
      const mending = cell.moment('mending')
      if (began === undefined || done === undefined || mending === undefined) return []
      const within = { from: began, to: mending }
      const [atA, atB] = [cell.a, cell.b].map((end) => end.first('telephone:call_updated', within))
      const lost = cell.log.all('exchange:line_lost', within).find(({ data }) => data.port === cell.b.host)
      const link = cell.b.ofHost('kernel:link_read', within)[0]
      return [
        says(cell, 'link', 'no carrier', link?.data.link ?? '', {
          claim: 'the card of b says that its link is gone',
          formula: 'as ip link show prints it',
          because: 'a wire is cut that carried a voltage, or light, also while nobody spoke',
          source: 'ip-link(8): NO-CARRIER; RFC 2863 section 3.1.13: ifOperStatus',
          evidence: [link],
        }),
        took(cell, 'exchange', AT_ONCE, began, lost, {
          claim: 'the exchange sees the light of the port go out, and ends the call',
          because: `calls that it ended: ${lost?.data.calls ?? 0}`,
          source: 'src/kernel/switch/office-mover.ts',
        }),
        took(cell, 'b-told', AT_ONCE, began, atB, {
          claim: 'the telephone at the dead line knows at once',
          because: `it says: ${atB?.data.trigger ?? 'nothing'}`,
          source: 'src/programs/scripts/telephone/script.ts',
          evidence: [atB],
        }),
        took(cell, 'a-told', AT_ONCE, began, atA, {
          claim: 'and the one at the other end, whose own line is well, is told at once',
          because: `it says: ${atA?.data.trigger ?? 'nothing'}`,
          source: 'ITU-T Q.931 section 5.3; src/wire/exchange.ts',
          evidence: [atA],
          short: 'TOLD',
        }),
      ]
    },

    packets(cell) {
      const dead = cell.between('is-cut', 'mending')
      const mended = cell.between('mended', 'over')
      if (dead === null || mended === null) return []
      const ends = (within: typeof dead) =>
        [cell.a, cell.b].flatMap((end) => [
          ...end.all('tcp:error_received', within),
          ...end.all('tcp:end_received', within),
          ...end.all('tcp:closed', within),
          ...end.all('belief:updated', within),
        ])
      const again = cell.b.first('tcp:received', mended)
      const packets = cell.packets(dead)
      return [
        nothing(cell, 'nobody-told', packets && ends(dead), dead, {
          claim: 'meanwhile neither program of the TCP connection hears anything',
          formula: 'no error, no end, no other belief at either',
          because: `frames of it that passed a card meanwhile: ${packets?.length ?? 0}`,
          source: 'RFC 9293 section 3.8: a connection is not told of links',
          short: 'UNTOLD',
        }),
        says(cell, 'states', 'ESTABLISHED | ESTABLISHED', cell.states(dead.to), {
          claim: 'and both kernels hold it as established, the one with the dead card too',
          formula: 'client | server',
          because: `${Math.round(dead.to - dead.from)} ms after the cut`,
          source: 'RFC 1122 section 4.2.3.9: what lies below is a hint, and no end',
          evidence: [cell.b.last('kernel:socket_updated', { to: dead.to })],
        }),
        says(cell, 'mended', 'still here', again === undefined ? '' : 'still here', {
          claim: 'when the line is mended, the next word arrives on the same connection',
          formula: 'received by the program at b',
          because: 'there was nothing to mend in the connection: no one on the way had kept any of it',
          source: 'RFC 9293 section 3.8.1',
          evidence: [again],
        }),
      ]
    },
  },
}

const LINK_COMMAND = ['ip', 'link', 'show', 'dev', 'eth0'] as const

function linkOf(printed: string): 'carrier' | 'no carrier' {
  return printed.includes('NO-CARRIER') ? 'no carrier' : 'carrier'
}
