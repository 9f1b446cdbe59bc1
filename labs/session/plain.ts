/** The same without a session: lines over TCP. Nobody numbers them, acknowledges them, or keeps them. */
import type { Pair } from '../../src/hosts/host.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { counts } from '../../src/lab/claims.ts'
import { bytesOf } from '../../src/lab/packets.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { TcpListener, TcpSocket } from '../../src/rig/sockets.ts'
import type { SessionSettings } from './conditions.ts'

/** How many lines are written into a cut before the connection is given up. */
export const INTO_CUT = 5
/** Every line is as long as any other, so that bytes tell how many there were. */
const lineOf = (number: number) => `message ${String(number).padStart(2, '0')}\n`
const LINE_BYTES = lineOf(1).length

/** null where this run does not look at it. */
export function plainOf(rig: Rig, pair: Pair, settings: SessionSettings): PlainConversation | null {
  const isLookedAt = rig.plan.cells.includes(`${pair.name}/plain`)
  return isLookedAt ? new PlainConversation(rig, pair, settings) : null
}

/** One server, and a client that has one connection after another. */
class PlainConversation {
  readonly #rig: Rig
  readonly #pair: Pair
  readonly #everyMs: number
  #listener: TcpListener | undefined
  #socket: TcpSocket | undefined

  constructor(rig: Rig, pair: Pair, { everyMs }: SessionSettings) {
    this.#rig = rig
    this.#pair = pair
    this.#everyMs = everyMs
  }

  async connect(): Promise<void> {
    this.#listener ??= await this.#rig.sockets(this.#pair.b).tcp.listen('plain')
    this.#socket = await this.#rig.sockets(this.#pair.a).tcp.connect('plain', this.#listener.at)
    await this.#socket.connected()
    this.#rig.alive(this.#pair)
  }

  async say(first: number, count: number): Promise<void> {
    for (let each = 0; each < count; each++) {
      await this.#socket?.write(lineOf(first + each))
      await this.#rig.sleep(this.#everyMs)
    }
  }

  /** What its kernel still had is gone with it. */
  async giveUp(): Promise<void> {
    await this.#socket?.resetAndDestroy()
  }

  async end(): Promise<void> {
    if (this.#socket === undefined) return
    await this.#socket.end()
    await this.#rig.untilEvent(this.#pair.b, 'tcp:end_received', { groupId: this.#socket.groupId })
  }
}

/** Lines written at the client, and received at the server. */
export function linesOf(cell: Cell): { written: number; received: number } {
  return {
    written: bytesOf(cell.a.all('tcp:written')) / LINE_BYTES,
    received: bytesOf(cell.b.all('tcp:received')) / LINE_BYTES,
  }
}

export function arrived(cell: Cell, expected: number, words: { claim: string; formula: string }) {
  const { written, received } = linesOf(cell)
  return counts(cell, 'delivered', expected, received, 'messages', {
    ...words,
    because: `${written} were written, ${received} arrived`,
    source: 'RFC 9293 section 3.9.1.2: SEND is done when its own TCP has the data',
    evidence: [cell.a.last('tcp:written'), cell.b.last('tcp:received')],
    short: String(received),
  })
}

/** Where nothing was written, no write could fail. */
export function noWriteFailed(cell: Cell) {
  const written = cell.a.all('tcp:written')
  const failed = cell.a.all('tcp:write_failed')
  const found = written.length === 0 ? undefined : failed.length
  return counts(cell, 'told', 0, found, 'failed writes', {
    claim: 'every write() succeeds: the program is told that all is well',
    formula: '0 failed writes',
    because: `${written.length} writes, each of them taken by its own kernel`,
    source: 'write(2): a successful return does not say that data has arrived',
    evidence: [...failed, ...written.slice(-2)],
  })
}
