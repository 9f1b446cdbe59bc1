/** The same ladder as plain text in 80 columns: a line for each thing that happens, time running downward. */
import { printable } from '../../foreign/printable.ts'
import { beside, COLUMNS, wrapped } from '../../text/wrap.ts'
import type { Arrow, Ladder, Lane } from '../ladder.ts'
import { moment } from '../words.ts'

const WIDTH = COLUMNS
const TIME = 10
const BELIEF = 11
const WIRE = WIDTH - TIME - 2 * BELIEF - 6

const UNICODE = { lane: '│', line: '─', right: '▶', left: '◀', lost: '╳', unseen: '?', rule: '═', gap: '┄' }
const ASCII = { lane: '|', line: '-', right: '>', left: '<', lost: 'X', unseen: '?', rule: '=', gap: '.' }
type Signs = typeof UNICODE

/** One line: where it belongs in time, and what it says. */
interface Entry {
  at: number
  /** Of what happens at the same moment, causes first. */
  rank: number
  draw(state: State): string[]
}

/** What holds at both ends at a line: the words stand at changes, the mark all the time between. */
interface State {
  disagrees: Record<string, boolean>
}

export function textLadder(ladder: Ladder, { ascii = false } = {}): string {
  const signs = ascii ? ASCII : UNICODE
  const state: State = { disagrees: {} }
  const entries = entriesOf(ladder, signs).sort((one, other) => one.at - other.at || one.rank - other.rank)
  const lines = [
    `${ladder.pair} / ${ladder.connection}`,
    ...headOf(ladder, signs),
    ...entries.flatMap((entry) => entry.draw(state)),
    '',
    '! beside a belief: it contradicts the truth.',
    ...ladder.notes.flatMap((note) => wrapped(note)),
  ]
  return `${lines.map((line) => fitted(line, ascii)).join('\n')}\n`
}

function headOf({ lanes }: Ladder, signs: Signs): string[] {
  const [client, server] = lanes
  const right = `${server.host} (${server.role})`
  // Above its column where it is short enough, else as far right as there is room.
  const left = `${client.host} (${client.role})`.padEnd(WIDTH - TIME - Math.max(20, right.length))
  return ['', `${' '.repeat(TIME)}${left}${right}`, row('', ' believes', '', ' believes', signs)]
}

function entriesOf(ladder: Ladder, signs: Signs): Entry[] {
  const [client, server] = ladder.lanes
  const sided = (host: string, words: string): [string, string] =>
    host === server.host ? ['', words] : [words, '']
  return [
    ...ladder.faults.flatMap((fault): Entry[] => [
      {
        at: fault.from,
        rank: 0,
        draw: () => [ruled(`${moment(ladder, fault.from)}  ${fault.fault} strikes ${fault.struck}`, signs)],
      },
      ...(fault.undone
        ? [
            {
              at: fault.to,
              rank: 0,
              draw: () => [ruled(`${moment(ladder, fault.to)}  ${fault.fault} is undone`, signs)],
            },
          ]
        : []),
    ]),
    ...ladder.truths
      .filter((band) => band.truth !== 'absent')
      .map((band): Entry => {
        return {
          at: band.from,
          rank: 1,
          draw: () => remark(ladder, band.from, `truth: ${band.peer} is ${band.truth} for ${band.host}`),
        }
      }),
    ...ladder.disagreements.flatMap((one): Entry[] => [
      {
        at: one.from,
        rank: 2,
        draw: (state) => {
          state.disagrees[one.host] = true
          return []
        },
      },
      {
        at: one.to,
        rank: 3,
        draw: (state) => {
          state.disagrees[one.host] = false
          const name = one.kind === 'ghost' ? 'GHOST TIME' : 'unaware'
          const was = `believed ${one.belief}, in truth ${one.truth}`
          return remark(ladder, one.to, `${name} of ${one.host}: ${one.text} (${was})`)
        },
      },
    ]),
    ...ladder.beliefs.map((band): Entry => {
      const [left, right] = sided(band.host, band.belief === 'none' ? 'no program' : band.belief)
      const why = band.trigger === null ? '' : band.trigger.replaceAll('_', ' ')
      const proof =
        band.certainty === 'unknown' && band.trigger !== null && band.trigger !== 'started'
          ? ' (no proof)'
          : ''
      return {
        at: band.from,
        rank: 4,
        draw: (state) => [
          row(
            moment(ladder, band.from),
            mark(left, state, client),
            aligned(`${why}${proof}`, right !== ''),
            mark(right, state, server),
            signs,
          ),
        ],
      }
    }),
    ...ladder.kernels.map((band): Entry => {
      const timer = band.timer === 'none' ? '' : `, ${band.timer} timer`
      return {
        at: band.from,
        rank: 5,
        draw: () => remark(ladder, band.from, `kernel of ${band.host}: ${band.state}${timer}`),
      }
    }),
    ...ladder.arrows.map((arrow): Entry => {
      return {
        at: arrow.sentAt,
        rank: 6,
        draw: (state) => [
          row(
            moment(ladder, arrow.sentAt),
            mark('', state, client),
            arrowLine(arrow, ladder.lanes, signs),
            mark('', state, server),
            signs,
          ),
        ],
      }
    }),
    ...ladder.groups.map((group): Entry => {
      return {
        at: group.from,
        rank: 6,
        draw: () => remark(ladder, group.from, `${group.count} arrivals not drawn: ${group.text}`),
      }
    }),
    ...ladder.breaks.map((gap): Entry => {
      return {
        at: gap.from,
        rank: 7,
        draw: () => [
          ` ${gap.text} `.padStart((WIDTH + gap.text.length) / 2, signs.gap).padEnd(WIDTH, signs.gap),
        ],
      }
    }),
  ]
}

/** `! ` while it disagrees with the truth. */
function mark(belief: string, { disagrees }: State, { host }: Lane): string {
  return `${disagrees[host] === true ? '!' : ' '}${belief}`
}

function aligned(words: string, right: boolean): string {
  return right ? words.padStart(WIRE - 1) : ` ${words}`
}

function arrowLine(
  { source, destination, label, outcome }: Arrow,
  [client, server]: [Lane, Lane],
  signs: Signs,
): string {
  const rightward = source === client.host || destination === server.host
  const words = ` ${plain(label).slice(0, WIRE - 14)} `
  const isFromAside = source !== client.host && source !== server.host
  if (isFromAside) {
    const dashes = signs.line.repeat(Math.max(2, Math.floor(WIRE * 0.6) - words.length - 4))
    return rightward
      ? `${dashes}${words}${signs.line.repeat(3)}${signs.right}`.padStart(WIRE)
      : `${signs.left}${signs.line.repeat(3)}${words}${dashes}`.padEnd(WIRE)
  }
  if (outcome === 'arrived') {
    const dashes = signs.line.repeat(WIRE - 1 - words.length - 4)
    return rightward
      ? `${signs.line.repeat(4)}${words}${dashes}${signs.right}`
      : `${signs.left}${dashes}${words}${signs.line.repeat(4)}`
  }
  const head = rightward ? signs.right : signs.left
  const end = outcome === 'lost' ? signs.lost : outcome === 'aside' ? head : signs.unseen
  const dashes = signs.line.repeat(Math.max(2, Math.floor(WIRE * 0.6) - words.length - 4))
  return rightward
    ? `${signs.line.repeat(4)}${words}${dashes}${end}`.padEnd(WIRE)
    : `${end}${dashes}${words}${signs.line.repeat(4)}`.padStart(WIRE)
}

function row(time: string, left: string, wire: string, right: string, signs: Signs): string {
  return `${time.padStart(TIME - 1)} ${left.padEnd(BELIEF)} ${signs.lane}${wire.padEnd(WIRE)}${signs.lane} ${right.padEnd(BELIEF)}`.trimEnd()
}

function remark(ladder: Ladder, at: number, words: string): string[] {
  return beside(`${moment(ladder, at).padStart(TIME - 1)}   `, words)
}

function ruled(words: string, signs: Signs): string {
  return `${signs.rule.repeat(3)} ${words} `.padEnd(WIDTH, signs.rule)
}

/** Names and payloads could steer a terminal, or break the columns with characters two columns wide. */
function plain(words: string): string {
  return printable(words).replace(/[^\u0020-\u2bff]/g, '?')
}

function fitted(line: string, ascii: boolean): string {
  const safe = plain(line).slice(0, WIDTH).trimEnd()
  return ascii
    ? safe
        .replaceAll('\u2212', '-')
        .replaceAll('\u00d7', 'x')
        .replace(/[^\u0020-\u007e]/g, '?')
    : safe
}
