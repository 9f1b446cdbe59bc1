/** Without any wire to look at: what the kernel itself counts of a heartbeat. This can be seen on loopback, too. */
import type { EventOf } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts } from '../../../src/lab/claims.ts'
import type { FramesSettings } from '../conditions.ts'
import { IP_BYTES, tcpHeaderBytes } from '../expectations.ts'

export const counted: CaseOf<FramesSettings> = {
  id: 'counted',
  promise: 'heartbeats of one byte, of which nothing is asked but what the kernel of a has counted',
  needs: ['socket-table'],

  async act(rig, pair, { beats, beatEveryMs }) {
    const { client } = await rig.connectTcp(pair, 'heartbeat')
    await client.observe()
    for (let beat = 0; beat < beats; beat++) {
      await client.write('.')
      await rig.sleep(beatEveryMs)
    }
    // The last acknowledgement may be delayed.
    await rig.sleep(SLACK_MS)
    await client.observe()
  },

  rows: {
    heartbeat(cell) {
      const { beats } = cell.settings
      const looks = cell.a.all('kernel:tcp_info_read')
      const out = between(looks, 'segmentsOut')
      const back = between(looks, 'segmentsIn')
      const headers = IP_BYTES + tcpHeaderBytes(cell.a.sysctl('tcp_timestamps'))
      const unseen = 'this system does not count the segments of a connection'
      return [
        counts(cell, 'segments', { min: beats, max: 2 * beats }, out, 'segments', {
          claim: `${beats} bytes, each a word of its own, leave as ${beats} segments`,
          formula: `${beats}, twice that where each had to be sent again`,
          because: 'TCP waits for more only while something is unacknowledged (Nagle)',
          source: 'tcp(7): TCP_INFO, tcpi_segs_out; RFC 9293 section 3.7.4',
          evidence: looks,
          unseen,
        }),
        counts(
          cell,
          'headers',
          { min: (beats + 1) * headers, max: 4 * beats * headers },
          out === null || back === null ? null : (out + back) * headers,
          'bytes',
          {
            claim: `${beats} bytes cost several hundred of headers, there and back`,
            formula: `${headers} (IP ${IP_BYTES}, TCP ${headers - IP_BYTES}) of each segment: ${beats} and an acknowledgement at least`,
            because: `${out ?? '?'} segments there, ${back ?? '?'} back; on loopback no Ethernet comes on top`,
            source: 'tcp(7): TCP_INFO, tcpi_segs_in; RFC 9293 section 3.1',
            evidence: looks,
            short: `${out ?? '?'}+${back ?? '?'}`,
            unseen,
          },
        ),
      ]
    },
  },
}

/** How much was counted from the first look at a connection to the last; null: not two looks, or not told. */
function between(
  looks: readonly EventOf<'kernel:tcp_info_read'>[],
  what: 'segmentsOut' | 'segmentsIn',
): number | null {
  const [first, last] = [looks[0], looks.at(-1)]
  const [before, after] = [first?.data[what], last?.data[what]]
  return before === undefined || after === undefined || first === last ? null : after - before
}
