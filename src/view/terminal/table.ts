/**
 * `--play` on a terminal: a live table of who believes what, and a key for each fault and its undo. In a
 * pipe, or where lines may not be overwritten, `play.ts` says the same line by line.
 */
import { type HostSide, hostName } from '../../events/host-names.ts'
import type { KernelSocket, LabEvent, TcpState, Trigger } from '../../events/vocabulary.ts'
import { enterContainer } from '../../hosts/container.ts'
import type { Style } from '../../lab/tale.ts'
import type { Plan, RunTier } from '../../plan/plan.ts'
import {
  PLAY_PAIR,
  type PlayAction,
  type PlayCommand,
  playActions,
  whyNotNow,
} from '../../plan/play-command.ts'
import { impossibleActions } from '../../plan/possible.ts'
import { beside, COLUMNS } from '../../text/wrap.ts'
import { Board, type End, type Row, type TruthAbout } from './board.ts'
import { listenToKeys } from './keys.ts'
import { commandsByHand, ONLY_HERE } from './play.ts'
import { Screen } from './screen.ts'

/** Events come in batches ten times a second; between them only the clocks go on. */
const REDRAW_EVERY_MS = 200

/** A letter for host b, its capital for host a. Each is told in 44 columns: the page of the keys fits 24 rows of 60. */
const ACTIONS: Record<PlayAction, { key: string; what: string }> = {
  exit: { key: 'e', what: 'the programs close their sockets and end' },
  kill: { key: 'k', what: 'SIGKILL: they end without closing anything' },
  start: { key: 's', what: 'ended programs run again, and know nothing' },
  freeze: { key: 'f', what: 'SIGSTOP: they hang, their kernel goes on' },
  continue: { key: 'c', what: 'SIGCONT: frozen programs go on' },
  cut: { key: 'x', what: 'the cable is cut, and nobody is told' },
  mend: { key: 'm', what: 'the cable is plugged in again' },
  'power-off': { key: 'p', what: 'kernel and all are gone at once' },
  reboot: { key: 'b', what: 'power off, and back with its address, empty' },
  reset: { key: 'r', what: 'the kernel aborts the connections (RST)' },
}

const KERNEL_WIDTH = 8
/** As short as `ss` has them, or shorter. */
const STATES: Record<TcpState, string> = {
  'SYN-SENT': 'SYN-SENT',
  'SYN-RECEIVED': 'SYN-RECV',
  ESTABLISHED: 'ESTAB',
  'FIN-WAIT-1': 'FINWAIT1',
  'FIN-WAIT-2': 'FINWAIT2',
  'CLOSE-WAIT': 'CLOSE-WT',
  CLOSING: 'CLOSING',
  'LAST-ACK': 'LAST-ACK',
  'TIME-WAIT': 'TIMEWAIT',
}

/** Why a belief changed, in twelve columns. */
const WHY: Record<Trigger, string> = {
  started: 'started',
  connected: 'connected',
  accepted: 'accepted',
  heard: 'heard it',
  heartbeat_missed: 'no heartbeat',
  heartbeat_late: 'heard again',
  answer_missed: 'no answer',
  answer_late: 'late answer',
  fin: 'FIN',
  close_frame: 'close frame',
  econnreset: 'RST',
  econnaborted: 'aborted',
  econnrefused: 'refused',
  epipe: 'EPIPE',
  etimedout: 'ETIMEDOUT',
  ehostunreach: 'EHOSTUNREACH',
  enetunreach: 'ENETUNREACH',
  socket_error: 'socket error',
  user_closed: 'closed it',
  program_said: 'said so',
  program_ended: 'ended',
  kernel_gave_up: 'no answer',
  kernel_has_none: 'is gone',
}

type Paint = (text: string) => string
/** A piece of a line; what it is painted with takes no room. */
type Piece = string | [text: string, paint: Paint]

/** What the table is drawn from beside the board. */
export interface Scenery {
  tier: RunTier
  asRoot: boolean
  /** What brings a command to where the hosts' pids are, see `enterContainer`. */
  enter: string | null
  platform: NodeJS.Platform
  /** The run's milliseconds. */
  now: number
  help: HelpPage | null
}

/** `?` turns them over, one key each. */
const HELP_PAGES = ['columns', 'keys'] as const
type HelpPage = (typeof HELP_PAGES)[number]

/** What stands in each column; the rest of a line that is too long goes below. */
const COLUMN_WORDS: readonly [column: string, words: string][] = [
  ['mechanism', 'one way to keep in touch: a connection between host a and b'],
  [
    'a says, b says',
    'what the program there believes of the other one: unknown, trying, up, suspect, down. "ended": its process is gone',
  ],
  ['!', 'before a belief: it is not true at this moment'],
  [
    'kernel a, b',
    'what the kernel there has of the connection: ESTAB (established), CLOSE-WT, FINWAIT2 ...; - for nothing. UDP has no entry',
  ],
  ['p2, r3', '2 keepalive probes unanswered; data sent again 3 times'],
  ['ghost', 'for how many seconds an end has believed in a peer that is not there; + while it goes on'],
  ['last change', 'when a belief changed, at which end, and why: FIN, RST, no heartbeat, ETIMEDOUT ...'],
  ['TRUTH', 'what the lab knows of a host, since it did it: answering, frozen, unreachable, gone'],
]
const COLUMN_NAME_WIDTH = 16

/** The table as lines of at most `columns` characters. */
export function tableLines(board: Board, scenery: Scenery, columns: number, style: Style): string[] {
  const lines =
    scenery.help === 'columns'
      ? columnLines(columns, style)
      : scenery.help === 'keys'
        ? helpLines(board, scenery, columns, style)
        : boardLines(board, scenery, columns, style)
  return lines.map((pieces) => fitted(pieces, columns))
}

function boardLines(board: Board, scenery: Scenery, columns: number, style: Style): Piece[][] {
  const { bold, dim } = style
  return [
    [
      [`stillhere --play  ${clock(scenery.now)} s`, bold],
      `  ${scenery.tier} hosts`,
      columns < COLUMNS ? '   ? help   q end' : '     ? columns, keys, commands   q end',
    ],
    ...byHand(board, scenery).map((text): Piece[] => [[text, dim]]),
    [],
    truthLine('b', board.truth.b, style),
    truthLine('a', board.truth.a, style),
    [['mechanism        a says   kernel a ghost kernel b  b says   last change, why', bold]],
    ...[...board.rows].map(([mechanism, row]) => rowLine(mechanism, row, board, scenery.now, style)),
    [],
    ...keyLines(board, scenery, style),
    messageLine(board, style),
    [['! not true   p2: 2 probes unanswered   r3: sent again 3 times   + goes on', dim]],
  ]
}

/** The most useful commands, each with whom it strikes; the help has them all, and the one that cuts the cable. */
function byHand(board: Board, { enter }: Scenery): string[] {
  if (enter === null) return [ONLY_HERE]
  const pid = (side: HostSide) => board.pids.get(hostName(PLAY_PAIR, side)) ?? '...'
  const kill = 'kill -9 (-STOP, -CONT)'
  return enter === ''
    ? [
        `In another terminal:  ${kill} ${pid('b')}   host b, the servers`,
        `                      ${kill} ${pid('a')}   host a, the clients`,
      ]
    : [
        `In another terminal:  ${enter} ${kill} PID`,
        `                      PID ${pid('b')} is host b, the servers; ${pid('a')} host a, the clients`,
      ]
}

/** A long command over two lines, so that it still works when it is copied. */
function pasteable(command: string, columns: number): string[] {
  if (command.length + 2 <= columns) return [command]
  const at = command.indexOf(' ip link')
  return [`${command.slice(0, at)} \\`, `   ${command.slice(at)}`]
}

function truthLine(side: HostSide, { truth, since, because }: TruthAbout, style: Style): Piece[] {
  const paint = truth === 'answering' || truth === 'absent' ? plain : style.bad
  const why = truth === 'absent' ? '' : `  since ${clock(since)} s: ${because}`
  return [['TRUTH  ', style.bold], `host ${side} is `, [truth, paint], why]
}

function rowLine(mechanism: string, row: Row, board: Board, now: number, style: Style): Piece[] {
  const { a, b, change } = row
  const isUdp = mechanism.startsWith('udp')
  const belief = (end: End, side: HostSide): Piece => {
    const wrong = board.contradiction(row, side) !== null
    const text = `${wrong ? '!' : ' '}${end.belief === 'connecting' ? 'trying' : end.belief}`.padEnd(8)
    return wrong ? [text, style.bad] : [text, paintOf(end, style)]
  }
  const kernel = (end: End) =>
    (isUdp ? '' : board.kernelSampled ? kernelText(end.kernel) : '?').padEnd(KERNEL_WIDTH + 1)
  const why = change === null ? '' : `${clock(change.at).padStart(5)} ${change.side} ${WHY[change.why]}`
  return [
    mechanism.padEnd(16),
    belief(a, 'a'),
    ' ',
    kernel(a),
    ghostPiece(a, b, now, style),
    ' ',
    kernel(b),
    belief(b, 'b'),
    '  ',
    why,
  ]
}

function paintOf({ belief }: End, style: Style): Paint {
  return {
    up: style.good,
    suspect: style.doubtful,
    down: style.bad,
    ended: style.dim,
    connecting: plain,
    unknown: plain,
  }[belief]
}

function kernelText(socket: KernelSocket | null): string {
  if (socket === null) return '-'
  const { state, unansweredProbes, retransmits } = socket
  const count = unansweredProbes > 0 ? ` p${unansweredProbes}` : retransmits > 0 ? ` r${retransmits}` : ''
  return (STATES[state] + count).slice(0, KERNEL_WIDTH)
}

/** The longer one, where both ends believe in somebody who is not there; with `+` while it goes on. */
function ghostPiece(a: End, b: End, now: number, style: Style): Piece {
  const running = [a, b].flatMap(({ ghostSince }) => (ghostSince === null ? [] : [now - ghostSince]))
  if (running.length > 0) return [`${clock(Math.max(0, ...running))}+`.padStart(6), style.bad]
  const over = [a, b].flatMap(({ ghostMs }) => (ghostMs === null ? [] : [ghostMs]))
  return (over.length === 0 ? '' : clock(Math.max(...over))).padStart(5).padEnd(6)
}

function keyLines(board: Board, { tier, platform }: Scenery, style: Style): Piece[][] {
  const actions = impossibleActions(tier, platform)
  const reasons = new Set(Object.values(actions))
  const isIdle = (action: PlayAction) =>
    actions[action] !== undefined || whyNotNow({ action, host: 'b' }, board.conditions) !== null
  const piece = (action: PlayAction): Piece =>
    isIdle(action) ? [`(${ACTIONS[action].key} ${action}) `, style.dim] : `${ACTIONS[action].key} ${action}  `
  const half = playActions.length / 2
  return [
    [['host b  ', style.bold], ...playActions.slice(0, half).map(piece)],
    ['        ', ...playActions.slice(half).map(piece)],
    [
      ['host a  ', style.bold],
      'the same as CAPITALS',
      ...(reasons.size === 0 ? [] : [`   (...): ${[...reasons].join('; ')}`]),
    ],
  ]
}

function messageLine({ message }: Board, style: Style): Piece[] {
  return message === null ? [] : [[`${clock(message.at)} s  ${message.text}`, style.bold]]
}

/** null: back to the table. */
function pageAfter(page: HelpPage | null): HelpPage | null {
  return HELP_PAGES[page === null ? 0 : HELP_PAGES.indexOf(page) + 1] ?? null
}

function columnLines(columns: number, style: Style): Piece[][] {
  return [
    [['What the columns say', style.bold]],
    ...COLUMN_WORDS.flatMap(([column, words]) =>
      beside(column.padEnd(COLUMN_NAME_WIDTH), words, columns).map((line): Piece[] => [line]),
    ),
    [],
    [['any key: keys and commands', style.bold]],
  ]
}

function helpLines(
  board: Board,
  { tier, asRoot, enter, platform }: Scenery,
  columns: number,
  style: Style,
): Piece[][] {
  const actions = impossibleActions(tier, platform)
  return [
    [['Keys: small for host b, the servers; CAPITAL for host a', style.bold]],
    ...playActions.map((action): Piece[] => {
      const why = actions[action]
      const text = `  ${ACTIONS[action].key}  ${action.padEnd(10)} `
      return why === undefined ? [text, ACTIONS[action].what] : [[`${text}not here: ${why}`, style.dim]]
    }),
    [],
    [[enter === null ? ONLY_HERE : 'The same by hand, in another terminal, as the same user', style.bold]],
    ...commandsByHand(board.pids, tier, asRoot, enter)
      .filter(({ command }) => !command.includes('kill -9'))
      .flatMap(({ command, what }): Piece[][] => [
        [`${what}:`],
        ...pasteable(command, columns).map((text): Piece[] => [`  ${text}`]),
      ]),
    [['any key: back to the table', style.bold]],
  ]
}

/** Seconds in five columns for the first day. */
function clock(ms: number): string {
  return (ms / 1000).toFixed(ms < 999_950 ? 1 : 0)
}

/** As much as there is room for, in whole words. */
function fitted(pieces: readonly Piece[], columns: number): string {
  let room = columns
  return pieces
    .map((piece) => {
      const [text, paint] = typeof piece === 'string' ? [piece, plain] : piece
      const isWhole = text.length <= room || text[room] === ' '
      const shown = isWhole ? text.slice(0, room) : text.slice(0, room).replace(/\S+$/, '')
      // What follows a word that had no room has none either.
      room = text.length <= room ? room - text.length : 0
      return shown === '' ? '' : paint(shown)
    })
    .join('')
}

function plain(text: string): string {
  return text
}

/** What the learner's keys do to the run. */
export interface Controls {
  command(command: PlayCommand): void
  stop(): void
}

/** The table on this terminal, from the start of a run to its end. */
export class PlayTable {
  readonly #screen: Screen
  readonly #input: NodeJS.ReadStream
  readonly #style: Style
  #board = new Board([])
  #scenery: Omit<Scenery, 'now'> | null = null
  #timer: NodeJS.Timeout | undefined
  #stopListening = () => {}

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, style: Style) {
    this.#input = input
    this.#screen = new Screen(output)
    this.#style = style
  }

  /** @param asRoot the netns tier without a user namespace */
  begin(plan: Plan, asRoot: boolean, controls: Controls): void {
    this.#board = new Board(plan.mechanisms)
    this.#scenery = {
      tier: plan.tier,
      asRoot,
      enter: enterContainer(),
      platform: process.platform,
      help: null,
    }
    this.#screen.open()
    this.#stopListening = listenToKeys(this.#input, (key) => this.#press(key, controls))
    this.#timer = setInterval(() => this.#draw(), REDRAW_EVERY_MS)
    this.#draw()
  }

  show(events: readonly LabEvent[]): void {
    for (const event of events) this.#board.add(event)
    this.#draw()
  }

  /** Gives the terminal back; harmless when called again. */
  end(): void {
    clearInterval(this.#timer)
    this.#stopListening()
    this.#screen.close()
  }

  #press(key: string, { command, stop }: Controls): void {
    if (this.#scenery === null) return
    const action = playActions.find((one) => ACTIONS[one].key === key.toLowerCase())
    if (['q', 'Q', 'ctrl-c', 'ctrl-d'].includes(key)) stop()
    else if (this.#scenery.help !== null || key === '?') this.#scenery.help = pageAfter(this.#scenery.help)
    else if (action !== undefined)
      this.#act({ action, host: key === ACTIONS[action].key ? 'b' : 'a' }, command)
    this.#draw()
  }

  #act({ action, host }: PlayCommand, command: Controls['command']): void {
    const why = this.#scenery && impossibleActions(this.#scenery.tier, this.#scenery.platform)[action]
    if (why) this.#say(`${action}: not here, ${why}`)
    else if (!this.#board.isHandedOver) this.#say('a moment: the connections are not up yet')
    else {
      const notNow = whyNotNow({ action, host }, this.#board.conditions)
      if (notNow === null) command({ action, host })
      this.#say(`${action}, host ${host}${notNow === null ? '' : `: not now, ${notNow}`}`)
    }
  }

  #say(text: string): void {
    this.#board.message = { at: this.#now, text }
  }

  get #now(): number {
    const { beganAt } = this.#board
    return beganAt === null ? 0 : Number(process.hrtime.bigint()) / 1e6 - beganAt
  }

  #draw(): void {
    if (this.#scenery === null) return
    const { columns } = this.#screen.size
    this.#screen.draw(tableLines(this.#board, { ...this.#scenery, now: this.#now }, columns, this.#style))
  }
}
