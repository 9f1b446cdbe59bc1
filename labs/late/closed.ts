/** What follows when a client closes at "down": what comes late meets RST, and the other end is told at last. */
import { AT_ONCE, counts, says, took } from '../../src/lab/claims.ts'
import { ofKind, received, sent } from '../../src/lab/packets.ts'
import type { Conversation } from './conversation.ts'
import { beliefWords } from './flag.ts'

/**
 * Late segments and what they meet. Data for a program that has closed is answered with RST and ends what is left of
 * the connection; then there is no entry at all, and every segment is answered like that.
 */
export function lateMeetsRst({ cell, client, server, since }: Conversation) {
  const closed = client.first('tcp:destroyed', since)
  const after = closed && { from: closed.time }
  const [atClient, atServer] = [client.packets(after), server.packets(after)]
  const came = received(atClient) ?? []
  const first = came.findIndex(({ data }) => data.bytes > 0)
  const late = first === -1 ? [] : came.slice(first).filter(({ data }) => data.kind !== 'rst')
  const resets = ofKind(sent(atClient), 'rst')
  const arrived = ofKind(received(atServer), 'rst')
  const words = late.map(({ data }) => data.text ?? data.kind).join(', ') || 'nothing'
  return counts(cell, 'late-meets-rst', Math.max(1, late.length), resets, 'RSTs', {
    claim: 'every late segment is answered with RST, from the first data on: "I know no such connection"',
    formula: 'as many RSTs as segments that came too late, and at least one',
    because: `late came ${words}; ${arrived?.length ?? 'nobody knows how many'} RSTs arrived at the other end`,
    source: 'RFC 9293 section 3.10.7.1; RFC 1122 section 4.2.2.13; tcp_rcv_state_process(), TCPAbortOnData',
    short: 'RST',
  })
}

/** The server learns of the close. @param from when it can be told: its FIN may have to wait */
export function toldOfClose(
  { cell, client, server, since }: Conversation,
  from: number | undefined,
  words: { claim: string; formula: string },
) {
  const closed = client.first('tcp:destroyed', since)
  const after = { from: closed?.time ?? since.to }
  const error = server.first('tcp:error_received', after)
  const end = server.first('tcp:end_received', after)
  const told = [error, end]
    .filter((event) => event !== undefined)
    .sort((one, other) => one.time - other.time)[0]
  const how = told?.name === 'tcp:error_received' ? told.data.code : 'FIN'
  const before = { from: since.from, to: from ?? since.to }
  return took(cell, 'told', AT_ONCE, from, told, {
    ...words,
    because: `by ${told === undefined ? 'nothing' : how}; before, it believed: ${beliefWords(server, before)}`,
    source: 'RFC 9293 section 3.6 and 3.10.7.1',
    evidence: [closed, told],
  })
}

/** The first word on the new connection. */
export function beginsAnew({ cell, client, anew }: Conversation) {
  const ping = anew?.first('heartbeat:ping_sent')
  const [before, after] = [client, anew].map((end) => end?.first('tcp:connected')?.group_id)
  return says(cell, 'anew', 'PING 0', ping === undefined ? '' : `PING ${ping.data.number}`, {
    claim: 'it begins anew: nothing of the old conversation is resumed',
    formula: 'the first heartbeat of the new connection',
    because: after === undefined ? 'there is no new connection' : `${before} became ${after}`,
    source: 'src/protocols/heartbeat/README.md',
    evidence: [ping],
  })
}
