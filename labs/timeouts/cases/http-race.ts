/** The server has closed, and its FIN is not there yet: the client's pool takes the connection for a good one. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, says, took } from '../../../src/lab/claims.ts'
import { ofKind, received } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'

const SOURCE = 'RFC 9112 sections 9.3.1 and 9.5'

export const httpRace: CaseOf<TimeoutsSettings> = {
  id: 'http-race',
  promise: "a request over a pooled connection meets the server's FIN on its way",
  needs: ['cable'],

  async act(rig, pair, { http, withinMs }) {
    const { a, b } = pair
    const at = await rig.sockets(b).http.listen('pooled', http)
    const get = () => rig.sockets(a).http.get('pooled', at, { by: 'node' })
    await get()
    await rig.untilEvent(a, 'http:response_received', { mechanism: 'pooled' })
    await rig.cable(pair).hold('bToA', ['fin'])
    await rig.came(rig.untilKernel(b, 'pooled', 'FIN-WAIT-1', { withinMs }))
    rig.mark(pair, 'asking-again')
    await get()
    await rig.came(rig.untilEvent(a, 'http:request_failed', { mechanism: 'pooled' }))
    rig.mark(pair, 'asking-afresh')
    await get()
    await rig.came(rig.untilEvent(a, 'http:response_received', { mechanism: 'pooled', occurrence: 2 }))
    await rig.cable(pair).release('bToA')
  },

  rows: {
    pooled(cell) {
      const { a, b } = cell
      const meanwhile = cell.between('asking-again', 'asking-afresh')
      if (meanwhile === null) return []
      const first = a.first('http:request_sent')
      const again = a.first('http:request_sent', meanwhile)
      const last = a.first('http:request_sent', { from: meanwhile.to })
      const held = cell.log
        .all('cable:frame_stopped', { from: cell.watch.from, to: meanwhile.from })
        .filter(({ data }) => data.cable === cell.case && data.fate === 'held' && data.flags?.includes('FIN'))
      const old = b.of(again?.group_id)
      const arrived = ofKind(received(old.packets(meanwhile)), 'data')
      const read = old.all('http:request_received', meanwhile).length
      const answer = a.first('http:response_received', { from: meanwhile.to })
      const connection = last?.group_id === again?.group_id ? 'the same' : 'a new'
      const states = `client ${a.state(meanwhile.from)}, server ${b.state(meanwhile.from)}`
      const over =
        again !== undefined && first?.group_id === again.group_id ? 'the same connection' : 'another'
      const answered = answer === undefined ? 'none' : `${answer.data.status} over ${connection} connection`
      return [
        took(cell, 'reset', AT_ONCE, again, a.first('http:request_failed', meanwhile), {
          claim: 'the request that is sent meanwhile fails',
          formula: '0 .. slack after it was sent: RST',
          because: 'it meets a socket that is closed, and its kernel says so',
          source: 'RFC 9293 section 3.10.7.4 (data after close), RFC 9112 section 9.5',
          code: 'ECONNRESET',
          short: 'RST',
        }),
        says(cell, 'fin-under-way', 'held back', held.length > 0 ? 'held back' : 'none', {
          claim: 'the FIN of the server has left it and is still under way',
          formula: 'what the cable says of it',
          because: 'the cable keeps it, as a long way would',
          source: SOURCE,
          evidence: held.slice(0, 1),
        }),
        says(cell, 'states', 'client ESTABLISHED, server FIN-WAIT-1', states, {
          claim: 'both kernels are right about the same connection',
          formula: 'their states before the request is sent',
          because: 'each tells what it has sent and heard so far',
          source: SOURCE,
          evidence: [a, b].map((end) => end.last('kernel:socket_updated', { to: meanwhile.from })),
        }),
        says(cell, 'reused', 'the same connection', over, {
          claim: "the client's pool takes it again: it has not heard anything else",
          formula: 'its group is that of the first request',
          because: 'to the pool it is an idle connection like any other',
          source: 'Node.js, new http.Agent({ keepAlive: true })',
          evidence: [first, again],
        }),
        says(cell, 'unread', '1 arrives, 0 read', arrived && `${arrived.length} arrives, ${read} read`, {
          claim: "the request arrives at the server's kernel, and no program reads it",
          formula: 'captured at the server; seen by its program',
          because: 'the program has closed this socket',
          source: SOURCE,
          evidence: arrived ?? [],
        }),
        says(cell, 'fresh', '200 over a new connection', answered, {
          claim: 'the same request over a fresh connection works',
          formula: 'the answer to the next request',
          because: 'the server was healthy all along',
          source: 'RFC 9110 section 9.2.2: what is idempotent may be asked again',
          evidence: [answer],
        }),
      ]
    },
  },
}
