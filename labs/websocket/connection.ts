/** What a cell says of one connection, by its path. A page's words are events as those of a program are. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { BusyConnection } from '../../src/kernel/give-up.ts'
import type { Cell, End } from '../../src/lab/cell.ts'
import { firstOfEach } from '../../src/lab/packets.ts'
import { measuredBySs } from './expectations.ts'

export const RFC_6455 = 'RFC 6455'
export const HTML = 'HTML Living Standard, the WebSocket interface (websockets.spec.whatwg.org)'
export const IDLE_TCP = 'RFC 9293 section 3.8.4: nothing is sent on an idle connection'

export interface Connection {
  a: End
  b: End
  /** Its client called close(), or terminate() where it has one. */
  ended: EventOf<'websocket:ended_by'> | undefined
  /** Its client was told that it is over. */
  told: EventOf<'websocket:close_received'> | undefined
  /** What it was told, in words. */
  toldWords: string
  /** What decides when its client's kernel gives up on what is sent from a moment on; null where it did not tell. */
  busy(time: number): BusyConnection | null
}

export function connectionOn(cell: Cell, path: string): Connection {
  const opened = cell.b.all('websocket:opened')
  const groupId = opened.find(({ data }) => data.path === path)?.group_id
  const [a, b] = [cell.a.of(groupId), cell.b.of(groupId)]
  const told = a.first('websocket:close_received')
  const toldWords = told === undefined ? 'no event' : `code ${told.data.code}`
  const port = Number(groupId?.split(':')[1])
  const busy = (time: number) => (cell.row === 'page' ? busyBySs(a, port, time) : a.busy(time))
  return { a, b, ended: a.first('websocket:ended_by'), told, toldWords, busy }
}

/** The sockets of a browser are its own: only the kernel can be asked about them. */
function busyBySs(a: End, port: number, time: number): BusyConnection | null {
  const said = a.ofHost('command:said', { to: time }).filter(({ program }) => program === 'ss')
  const measured = measuredBySs(
    said.map(({ data }) => data.line),
    port,
  )
  return measured && { ...measured, ...a.patience(), userTimeoutMs: 0 }
}

/** What an object said of itself, each time that it was looked at. */
export type Look = EventOf<'websocket:state_read'>

/** The same in words, once each: `open`. */
export function looked(looks: readonly Look[], words = ({ data }: Look): string => data.readyState): string {
  return firstOfEach(looks.map(words)).join('; then ')
}
