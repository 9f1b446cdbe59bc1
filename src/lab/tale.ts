/** What a lab tells, before anybody has decided how it looks: the terminal and the report set it in their ways. */
import { COLUMNS } from '../text/wrap.ts'

/** A heading and a list: seconds, or a name, and what is to be said of it. */
export interface Tale {
  heading: string
  entries: TaleEntry[]
}

interface TaleEntry {
  /** `12.0 s`, `tcp-idle` */
  term: string
  /** At least one. */
  lines: string[]
}

/** How text may look: colour is only ever a second channel, and a line has an end. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  doubtful(text: string): string
  /** How wide a line may be; what is written to be read is never wider than 80. */
  readonly columns: number
}

/** Text for a file or a pipe. */
export const plainStyle: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  doubtful: (text) => text,
  columns: COLUMNS,
}
