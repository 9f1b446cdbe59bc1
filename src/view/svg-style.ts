/**
 * Colours and their second channel. Fills are Okabe and Ito's, which people with any colour vision can
 * tell apart, each with a dark outline and a pattern or a word of its own. As thin lines only the dark ones
 * are used: orange, sky blue and yellow vanish on white.
 */
import type { Belief, TcpState, Truth } from '../events/vocabulary.ts'
import type { ArrowKind } from './ladder.ts'

export const INK = '#000000'
/** Beside black the only colours of text; both have a contrast of more than 7:1 on white. */
export const WARNING_INK = '#9a4300'
export const COOL_INK = '#004b78'
export const OUTLINE = '#333333'
/** 4.6:1 on white: for texts that may stay in the background. */
export const QUIET_INK = '#6b6b6b'
export const GUIDE = '#e2e2e2'
export const PAPER = '#ffffff'

export type PatternName = 'dots' | 'rising' | 'falling' | 'level' | 'crossed' | 'fault' | 'ghost' | 'unaware'

/** A fill and the pattern over it. */
export interface Paint {
  fill: string
  pattern: PatternName | null
}

export const BELIEF_PAINT: Record<Belief | 'none', Paint> = {
  unknown: { fill: '#eeeeee', pattern: 'dots' },
  connecting: { fill: '#f0e442', pattern: 'dots' },
  up: { fill: '#009e73', pattern: null },
  suspect: { fill: '#e69f00', pattern: 'rising' },
  down: { fill: '#555555', pattern: 'crossed' },
  none: { fill: PAPER, pattern: null },
}

/** The same green where belief and truth agree: what differs is to look different. */
export const TRUTH_PAINT: Record<Truth, Paint> = {
  absent: { fill: '#eeeeee', pattern: 'dots' },
  answering: { fill: '#009e73', pattern: null },
  frozen: { fill: '#56b4e9', pattern: 'level' },
  unreachable: { fill: '#cc79a7', pattern: 'falling' },
  gone: { fill: '#555555', pattern: 'crossed' },
}

const OPENING: Paint = { fill: '#f0e442', pattern: 'dots' }
const CLOSING: Paint = { fill: '#e8e8e8', pattern: 'rising' }
export const KERNEL_PAINT: Record<TcpState | 'no entry', Paint> = {
  'SYN-SENT': OPENING,
  'SYN-RECEIVED': OPENING,
  ESTABLISHED: { fill: '#d3e8f5', pattern: null },
  'FIN-WAIT-1': CLOSING,
  'FIN-WAIT-2': CLOSING,
  'CLOSE-WAIT': CLOSING,
  CLOSING,
  'LAST-ACK': CLOSING,
  'TIME-WAIT': CLOSING,
  'no entry': { fill: PAPER, pattern: null },
}

/** Drawn pointing to the right, its tip at 0,0. */
export type Head =
  | 'filled'
  | 'hollow'
  | 'open'
  | 'diamond'
  | 'hollow diamond'
  | 'double'
  | 'square'
  | 'bar'
  | 'dot'
export const HEADS: Record<Head, { path: string; filled: boolean }> = {
  filled: { path: 'M0 0L-9 -4.5V4.5Z', filled: true },
  hollow: { path: 'M0 0L-9 -4.5V4.5Z', filled: false },
  open: { path: 'M-6 -3.5L0 0L-6 3.5', filled: false },
  diamond: { path: 'M0 0L-6 -4.5L-12 0L-6 4.5Z', filled: true },
  'hollow diamond': { path: 'M0 0L-6 -4.5L-12 0L-6 4.5Z', filled: false },
  double: { path: 'M0 0L-7 -4.5V4.5ZM-7 0L-14 -4.5V4.5Z', filled: true },
  square: { path: 'M0 -4.5H-9V4.5H0Z', filled: true },
  bar: { path: 'M0 -6V6M-3 0L-10 -4.5V4.5Z', filled: true },
  dot: { path: 'M0 0A4 4 0 1 1 -8 0A4 4 0 1 1 0 0Z', filled: true },
}

export interface Stroke {
  colour: string
  width: number
  dash: string | null
  head: Head
}

export const ARROW_STROKE: Record<ArrowKind, Stroke> = {
  heartbeat: { colour: '#0072b2', width: 1.8, dash: null, head: 'filled' },
  data: { colour: INK, width: 1.6, dash: null, head: 'filled' },
  request: { colour: INK, width: 1.6, dash: null, head: 'filled' },
  ack: { colour: QUIET_INK, width: 1, dash: '1 3', head: 'open' },
  'keepalive-probe': { colour: '#0072b2', width: 1.6, dash: '8 4', head: 'diamond' },
  'keepalive-answer': { colour: '#0072b2', width: 1.6, dash: '3 3', head: 'hollow diamond' },
  retransmission: { colour: WARNING_INK, width: 1.8, dash: '9 3 2 3', head: 'double' },
  syn: { colour: INK, width: 1.6, dash: null, head: 'hollow' },
  'syn-ack': { colour: INK, width: 1.6, dash: null, head: 'hollow' },
  fin: { colour: INK, width: 1.6, dash: '12 4', head: 'bar' },
  rst: { colour: WARNING_INK, width: 2.2, dash: null, head: 'square' },
  datagram: { colour: INK, width: 1.4, dash: '5 2', head: 'filled' },
  fragment: { colour: INK, width: 1, dash: '2 2', head: 'open' },
  'icmp-error': { colour: WARNING_INK, width: 1.6, dash: '2 3', head: 'dot' },
  arp: { colour: QUIET_INK, width: 1, dash: '2 4', head: 'dot' },
  other: { colour: QUIET_INK, width: 1, dash: '2 4', head: 'open' },
}

/**
 * Every colour of a picture on a dark page: what is written in a picture are the light ones, which a file, a mail
 * and paper keep. A test holds it complete, and its texts readable.
 */
export const ON_DARK: Readonly<Record<string, string>> = {
  [INK]: '#f0f0f0',
  [PAPER]: '#16191d',
  [WARNING_INK]: '#f2a365',
  [COOL_INK]: '#8ec5ff',
  [OUTLINE]: '#aeb4bb',
  [QUIET_INK]: '#a4abb3',
  [GUIDE]: '#2d3238',
  '#eeeeee': '#30353b',
  '#e8e8e8': '#393f46',
  '#f6f6f6': '#22272c',
  '#d3e8f5': '#1c3a4f',
  '#009e73': '#00825f',
  '#0072b2': '#56b4e9',
  '#f0e442': '#a39a10',
  '#e69f00': '#b87f00',
  '#555555': '#5a6068',
  '#56b4e9': '#2a7fb0',
  '#cc79a7': '#a85584',
  '#d55e00': '#e8741a',
  '#bbbbbb': '#8b9199',
  '#e0a878': '#6b4a2c',
  '#fdf1e6': '#2a2017',
  '#f8dfc8': '#4a3320',
}

/** A style sheet for pages that have pictures in them: the dark colours where the reader's system is dark. */
export function pictureStyle(): string {
  return Object.entries(ON_DARK)
    .flatMap(([light, dark]) =>
      ['fill', 'stroke'].map(
        (what) =>
          `svg[${what}="${light}"], svg [${what}="${light}"] { ${what}: light-dark(${light}, ${dark}); }`,
      ),
    )
    .join('\n')
}
