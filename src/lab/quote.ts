/**
 * What pages quote of a recorded run. A page says what it wants where it wants it:
 *
 *     <!-- recorded: cut/tcp-idle -->
 *     (this is replaced)
 *     <!-- end -->
 *
 * `run`: what the run prints with `--verbose`; `matrix`: that without its story; `story`: that alone; the id of a case: its checks, told;
 * the id of a cell: what `--cell` says, in brief. A page outside the lab's folder puts the lab before it:
 * `lab:keepalive run`. A lab with a recorded run at the real pace too quotes it as `real matrix`.
 */
import { type Matrix, selectionOf } from '../plan/plan.ts'
import { plainStyle } from './tale.ts'
import {
  casesText,
  printableTold,
  type Teller,
  type Told,
  tellCell,
  tellFindings,
  tellMatrix,
  tellStory,
} from './tell.ts'

/** CommonMark section 4.5: a fence is longer than any within. */
const FENCE_MIN = 3

const BLOCK = /(<!-- recorded: (.+) -->\n)[\s\S]*?(<!-- end -->)/g

/** The names of all blocks of a page, in order. */
export function blocksOf(page: string): string[] {
  return [...page.matchAll(BLOCK)].map(([, , name = '']) => name)
}

/** A page with its blocks filled anew; where `quote` says null, a block stays as it is. */
export function withQuotes(page: string, quote: (block: string) => string | null): string {
  return page.replace(BLOCK, (whole: string, start: string, name: string, end: string) => {
    const text = quote(name)
    return text === null ? whole : `${start}${fenced(text)}\n${end}`
  })
}

/** What was said in a run ends neither the code that it stands in, nor the block. */
function fenced(text: string): string {
  const fence = '`'.repeat(Math.max(FENCE_MIN, ...(text.match(/`+/g) ?? []).map(({ length }) => length + 1)))
  return `${fence}text\n${text.trim().replaceAll('<!--', '<! --')}\n${fence}`
}

const REAL = 'real '

/** What a block wants of the recorded run at the real pace; null when it is about the quick one. */
export function ofRealPace(block: string): string | null {
  return block.startsWith(REAL) ? block.slice(REAL.length) : null
}

/** The text of a block about a run of this lab. @throws Error when the lab has nothing of that name */
export function quoted(lab: Teller & Matrix, run: Told, block: string): string {
  const told = printableTold(run)
  if (block === 'run') return tellFindings(lab, told, plainStyle)
  if (block === 'matrix') return tellMatrix(lab, told, plainStyle)
  if (block === 'story') return tellStory(lab, told, plainStyle)
  if (isCase(lab, block)) return casesText(told, [block], plainStyle)
  if (isCell(lab, block)) {
    const [caseId = '', mechanism = ''] = block.split('/')
    return tellCell(lab, { case: caseId, mechanism }, told, plainStyle, 'brief')
  }
  throw new Error(`lab:${lab.id} has nothing to quote as "${block}": expected run, matrix, a case or a cell`)
}

/** Whether a page may quote this of a lab. */
export function isQuotable(lab: Matrix, block: string): boolean {
  const name = ofRealPace(block) ?? block
  return ['run', 'matrix', 'story'].includes(name) || isCase(lab, name) || isCell(lab, name)
}

function isCase({ cases }: Matrix, text: string): boolean {
  return cases.some(({ id }) => id === text)
}

function isCell(lab: Matrix, text: string): boolean {
  const { cells } = selectionOf(
    lab,
    lab.cases.map(({ id }) => id),
    lab.mechanisms,
  )
  return cells.includes(text)
}
