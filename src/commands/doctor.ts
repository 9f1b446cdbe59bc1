/** `npm run doctor`: what this machine can show, and what would make it show more. */
import * as os from 'node:os'
import { faults } from '../faults/registry.ts'
import { companions, findCapabilities } from '../hosts/capabilities.ts'
import type { Tier } from '../hosts/host.ts'
import { libcProblem } from '../kernel/libc.ts'
import { readSysctls } from '../kernel/sysctls.ts'
import { missing } from '../plan/needs.ts'
import { beside, COLUMNS } from '../text/wrap.ts'
import { endWithPipe } from '../view/terminal/pipe.ts'

const LABEL_COLUMNS = 10
/** `redis-server` and two spaces. */
const NAME_COLUMNS = 14

/** Prints it. @returns exit status 0: a machine that can do less is no error */
export async function doctor(): Promise<number> {
  const columns = Math.min(process.stdout.columns || COLUMNS, COLUMNS)
  const tell = (lines: readonly [label: string, text: string][]) => {
    const text = lines.flatMap(([label, words]) => beside(label.padEnd(LABEL_COLUMNS), words, columns))
    process.stdout.write(`${text.join('\n')}\n`)
  }
  endWithPipe(process.stdout)
  // To find out the rest takes a moment.
  tell([
    [
      'system',
      `${process.platform} ${os.release()}, node ${process.version}, ${os.availableParallelism()} processors`,
    ],
  ])
  const { tier, because, advice } = await findCapabilities()
  const problem = libcProblem()
  const retries = readSysctls().tcp_retries2
  tell([
    ['tier', `${tier}: ${because}`],
    ...faultLines(tier),
    [
      'kernel',
      problem === null
        ? 'socket options, TCP_INFO and socket tables can be read'
        : `cannot be asked: ${problem}`,
    ],
    ...(retries === undefined
      ? []
      : [
          [
            'patience',
            `tcp_retries2 = ${retries}: how often this system sends again before it gives up`,
          ] satisfies [string, string],
        ]),
    ...advice.map((step): [string, string] => ['to do', step]),
    ['programs', 'by others, which one part needs and the rest does without:'],
  ])
  const text = companions().flatMap(({ name, isHere, purpose, howToGet, butFirst }) =>
    beside(
      ' '.repeat(LABEL_COLUMNS) + name.padEnd(NAME_COLUMNS),
      `${isHere ? 'here' : 'not here'}: ${purpose}${whatToDo(isHere, howToGet, butFirst)}`,
      columns,
    ),
  )
  process.stdout.write(`${text.join('\n')}\n`)
  return 0
}

/** What can go wrong here, and what cannot, by the reason. */
function faultLines(tier: Tier): [label: string, text: string][] {
  const possible: string[] = []
  const impossible = new Map<string, string[]>()
  for (const { id, needs } of Object.values(faults)) {
    if (id === 'none') continue
    const reason = missing(needs, tier, process.platform)
    if (reason === null) possible.push(id)
    else impossible.set(reason, [...(impossible.get(reason) ?? []), id])
  }
  return [
    ['faults', possible.join(' ')],
    ...[...impossible].map(([reason, ids]): [string, string] => ['', `not ${ids.join(' ')}: ${reason}`]),
  ]
}

function whatToDo(isHere: boolean, howToGet: string, butFirst: string | undefined): string {
  if (!isHere) return `. To get it: ${howToGet}`
  return butFirst === undefined ? '' : `. But ${butFirst}`
}
