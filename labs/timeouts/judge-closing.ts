/** How a connection that is being closed comes to its end, judged. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { Cell } from './cell.ts'
import * as expect from './expectations.ts'

export function finWait1(cell: Cell): TimedClaim[] {
  const lost = cell.packet('a', 'sent', 'data', cell.silence?.began)
  const expected = expect.orphan(
    cell.connection(lost?.time ?? cell.watch.to),
    cell.sysctl('a', 'tcp_orphan_retries'),
  )
  const closed = cell.first('a', 'tcp:closed')
  return [
    cell.took('gives-up', lost, cell.forgotten('a', 'FIN-WAIT-1'), expected, {
      claim: 'the kernel goes on for a program that has closed, and then forgets it',
    }),
    cell.atOnce('untold', cell.first('a', 'tcp:destroyed'), closed, {
      claim: 'the program was told at once that all is closed, and nothing else afterwards',
      formula: '0 .. slack after destroy()',
      because: `hadError ${closed?.data.hadError ?? 'unknown'}; ${cell.all('a', 'tcp:error_received').length} errors`,
      source: 'close(2): it does not wait, and reports nothing of what follows',
    }),
  ]
}

export function finWait2(cell: Cell): TimedClaim[] {
  const fin = cell.packet('a', 'sent', 'fin')
  const acknowledged = cell.packet('a', 'received', 'ack', fin?.time)
  if (cell.mechanism === 'plain') {
    const expected = expect.finWait2(cell.sysctl('a', 'tcp_fin_timeout'), cell.jiffyMs)
    return [
      cell.took('gives-up', acknowledged, cell.forgotten('a', 'FIN-WAIT-2'), expected, {
        claim: 'nobody has the socket any more: the kernel waits so long for the FIN of the other end',
      }),
    ]
  }
  const said = cell.packet('b', 'sent', 'data')
  const [from, to] = [acknowledged?.time ?? cell.watch.from, said?.time ?? cell.watch.to]
  const changes = cell
    .all('a', 'kernel:socket_updated', from, to)
    .filter(({ data }) => data.old?.state === 'FIN-WAIT-2' && data.new?.state !== 'FIN-WAIT-2')
  return [
    cell.nothing('quiet', from, to, changes, {
      claim: 'the program only half closed: in FIN-WAIT-2 it waits without a limit',
      formula: 'nothing, for the whole watch: tcp_fin_timeout is for sockets that nobody has',
      source: 'RFC 9293 3.6, tcp(7)',
    }),
    cell.atOnce('still-open', said, cell.first('a', 'tcp:received'), {
      claim: 'and what the other end says still arrives',
      formula: '0 .. slack after it was sent',
      source: 'RFC 9293 3.6',
    }),
  ]
}

export function timeWait(cell: Cell): TimedClaim[] {
  const fin = cell.packet('a', 'received', 'fin')
  return [
    cell.took('gives-up', fin, cell.forgotten('a', 'TIME-WAIT'), expect.timeWait(cell.jiffyMs), {
      claim: 'the end that closed first keeps the pair of addresses for a minute',
    }),
  ]
}
