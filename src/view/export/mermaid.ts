/** A sequence diagram for Markdown pages (GitHub draws Mermaid): the ladder without its measure of time. */
import type { LabEvent } from '../../events/vocabulary.ts'
import { printable } from '../../foreign/printable.ts'
import { shortened } from '../../foreign/shortened.ts'
import type { Arrow, Ladder } from '../ladder.ts'
import { layout } from '../layout.ts'
import { duration, moment } from '../words.ts'

/** Mermaid refuses more than 50,000 characters, and nobody reads a sequence of more than some screens. */
const LINES_MAX = 200
const WORDS_MAX = 80

interface Line {
  at: number
  /** Lower is kept longer when there are too many: changes and faults, losses, arrivals. */
  weight: 0 | 1 | 2
  text: string
}

export function toMermaid(events: readonly LabEvent[], pair: string, connection: string): string {
  const ladder = layout(events, { pair, connection })
  const [client, server] = ladder.lanes
  const { kept, leftOut } = bounded(linesOf(ladder))
  return `${[
    'sequenceDiagram',
    `  participant a as ${words(`${client.host} (${client.role})`)}`,
    `  participant b as ${words(`${server.host} (${server.role})`)}`,
    ...kept.map((line) => `  ${line.text}`),
    ...(leftOut === 0
      ? []
      : [`  Note over a,b: ${words(`${leftOut} less important lines are left out here`)}`]),
  ].join('\n')}\n`
}

function linesOf(ladder: Ladder): Line[] {
  const [client, server] = ladder.lanes
  const end = (host: string) => (host === client.host ? 'a' : host === server.host ? 'b' : 'c')
  const note = (at: number, over: string, text: string): Line => {
    return { at, weight: 0, text: `Note over ${over}: ${words(`${moment(ladder, at)} ${text}`)}` }
  }
  return [
    ...ladder.faults.flatMap((fault) => [
      note(fault.from, 'a,b', `${fault.fault} strikes ${fault.struck}`),
      ...(fault.undone ? [note(fault.to, 'a,b', `${fault.fault} is undone`)] : []),
    ]),
    ...ladder.beliefs
      .filter((band) => band.trigger !== null)
      .map((band) => note(band.from, end(band.host), `believes ${band.belief} (${band.trigger})`)),
    ...ladder.disagreements.map((one) => {
      return note(one.to, end(one.host), `${one.kind === 'ghost' ? 'ghost time' : 'unaware'} ${one.text}`)
    }),
    ...ladder.arrows.map((arrow): Line => {
      return {
        at: arrow.sentAt,
        weight: arrow.outcome === 'arrived' ? 2 : 1,
        text: `${end(arrow.source)}${lineOf(arrow)}${end(arrow.destination)}: ${words(arrow.label)}${endingOf(arrow)}`,
      }
    }),
    ...ladder.groups.map((group): Line => {
      return {
        at: group.from,
        weight: 1,
        text: `Note over a,b: ${words(`${group.count} more in ${duration(group.to - group.from, 1)}`)}`,
      }
    }),
  ].sort((one, other) => one.at - other.at)
}

/** `-x` ends in a cross, `-->>` is dotted. */
function lineOf({ outcome, kind }: Arrow): string {
  if (outcome === 'lost') return '-x'
  return kind === 'ack' ? '-->>' : '->>'
}

function endingOf({ outcome }: Arrow): string {
  if (outcome === 'lost') return ' (lost)'
  return outcome === 'unseen' ? ' (not seen to arrive)' : ''
}

function bounded(lines: readonly Line[]): { kept: readonly Line[]; leftOut: number } {
  if (lines.length <= LINES_MAX) return { kept: lines, leftOut: 0 }
  let room = LINES_MAX
  const chosen = new Set<Line>()
  for (const weight of [0, 1, 2]) {
    for (const line of lines) {
      if (line.weight !== weight || room === 0) continue
      chosen.add(line)
      room--
    }
  }
  return { kept: lines.filter((line) => chosen.has(line)), leftOut: lines.length - LINES_MAX }
}

/**
 * `#` and `;` begin and end Mermaid's own entities, `<` its HTML, `$$` its mathematics, three backticks the block
 * of the page around it, and `end` ends a block of its own.
 */
function words(text: string): string {
  return shortened(printable(text), WORDS_MAX)
    .replace(/[#;<>&"'`{}%$|]/g, (character) => `#${character.charCodeAt(0)};`)
    .replace(/\bend\b/gi, (word) => `${word.charAt(0)}#8203;${word.slice(1)}`)
}
