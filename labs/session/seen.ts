/** What a log says of one conversation: what was said, what was handed over, over how many connections. */
import type { EventOf } from '../../src/events/vocabulary.ts'
import type { LabLog } from '../../src/lab/log.ts'
import { type Captured, SeenCell } from './seen-cell.ts'

export type Said = EventOf<'session:message_said'>
export type Delivered = EventOf<'session:message_delivered'>
export type Over = EventOf<'session:over'>

/** What became of messages on their way from one end to the other, told by their texts and not by their numbers. */
export interface Fates {
  said: readonly Said[]
  delivered: readonly Delivered[]
  lost: number
  /** Handed over more than once. */
  doubled: number
  /** Handed over after one that was said later. */
  overtaken: number
}

export class SeenSession {
  readonly cell: SeenCell

  /** null where the case did not begin. */
  static of(log: LabLog, caseId: string, row: string): SeenSession | null {
    const cell = SeenCell.of(log, caseId, row)
    return cell === null ? null : new SeenSession(cell)
  }

  private constructor(cell: SeenCell) {
    this.cell = cell
  }

  /** The sessions that this cell had, in the order in which they began. */
  get sessions(): string[] {
    return [...new Set(this.cell.all('b', 'session:state_updated').map(({ data }) => data.session))]
  }

  /** @param session those of one session; those of all, where left out */
  toServer(session?: string): Fates {
    return this.#fates('a', 'b', session)
  }

  toClient(session?: string): Fates {
    return this.#fates('b', 'a', session)
  }

  /**
   * How many messages an end that was killed had kept as handed over. Of the last of them it may not have come to
   * log that it was.
   */
  kept(side: 'a' | 'b'): number {
    return Math.max(0, ...this.cell.all(side, 'session:loaded').map(({ data }) => data.received))
  }

  #fates(from: 'a' | 'b', to: 'a' | 'b', session: string | undefined): Fates {
    const kept = this.kept(to)
    const about = ({ data }: { data: { session: string } }) =>
      session === undefined || data.session === session || data.session === ''
    const taken = this.cell.all(from, 'session:message_said').filter(about)
    // A client that was killed before it had kept a message is told it again.
    const said = taken.filter(({ data }, at) => taken.findIndex((one) => one.data.text === data.text) === at)
    const delivered = this.cell.all(to, 'session:message_delivered').filter(about)
    const placeOf = new Map(said.map(({ data }, place) => [data.text, place]))
    const times = new Map<string, number>()
    let overtaken = 0
    let latest = -1
    for (const { data } of delivered) {
      const place = placeOf.get(data.text) ?? -1
      if (!times.has(data.text) && place < latest) overtaken += 1
      latest = Math.max(latest, place)
      times.set(data.text, (times.get(data.text) ?? 0) + 1)
    }
    const lost = said.filter(({ data }) => !times.has(data.text) && data.number > kept).length
    return { said, delivered, lost, doubled: delivered.length - times.size, overtaken }
  }

  overs(side: 'a' | 'b', program?: string): Over[] {
    return this.cell
      .all(side, 'session:over')
      .filter((event) => program === undefined || event.program === program)
  }

  /** When an end came into a state, for the first time after `from`. */
  state(side: 'a' | 'b', state: string, from?: number): EventOf<'session:state_updated'> | undefined {
    return this.cell.all(side, 'session:state_updated', from).find(({ data }) => data.new === state)
  }

  /**
   * Client ports over which a server let somebody in, from the packets: WELCOME or RESUMED went there, and over TCP
   * a SYN had come from there. null where nothing is captured.
   */
  connections(): { ports: Set<string>; packets: Captured[] } | null {
    const received = this.cell.packets('a', 'received')
    const sent = this.cell.packets('a', 'sent')
    if (received === null || sent === null) return null
    const answers = received.filter(({ data }) => /^(WELCOME|RESUMED) /.test(data.text ?? ''))
    const isTcp = answers.some(({ data }) => data.protocol === 'tcp')
    const began = new Set(
      sent.filter(({ data }) => !isTcp || data.kind === 'syn').map(({ data }) => data.source),
    )
    const ports = new Set(answers.map(({ data }) => data.destination).filter((port) => began.has(port)))
    return { ports, packets: answers }
  }
}
