/** Lists from which a reader chooses what is shown: case, mechanism, connection, and whose view. */
import { hostName, hostSides } from '../../events/host-names.ts'
import type { Cells } from './cells.ts'
import { element, type Markup } from './markup.ts'
import type { ViewedPlan } from './run.ts'

interface Chosen {
  plan: ViewedPlan
  cells: Cells
  pair: string
  mechanism: string
  /** Of that cell, by group id. */
  connections: readonly string[]
  /** One of them, or the mechanism: all of them. */
  connection: string
  /** Empty: both ends. */
  host: string
}

export function choosersOf(chosen: Chosen): Markup[] {
  const { plan, cells, pair, mechanism, connections, connection, host } = chosen
  const hosts = hostSides.map((side) => hostName(pair, side))
  return [
    chooser('case', plan.play ? 'pair' : 'case', own(cells.columns), pair),
    chooser('mechanism', 'mechanism', own(cells.mechanisms), mechanism),
    chooser(
      'connection',
      'connection',
      [[mechanism, `all of it (${connections.length})`], ...own(connections)],
      connection,
    ),
    chooser(
      'host',
      'seen from',
      [['', 'both ends, and the lab'], ...hosts.map((name): [string, string] => [name, `${name} alone`])],
      host,
    ),
  ]
}

function own(values: readonly string[]): [value: string, text: string][] {
  return values.map((value) => [value, value])
}

function chooser(
  name: string,
  words: string,
  options: readonly [value: string, text: string][],
  chosen: string,
): Markup {
  return element(
    'label',
    {},
    `${words} `,
    element(
      'select',
      { 'data-choice': name },
      ...options.map(([value, text]) => element('option', { value, selected: value === chosen }, text)),
    ),
  )
}
