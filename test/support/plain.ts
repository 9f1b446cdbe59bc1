/** Text without colours. */
import type { Style } from '../../src/lab/tale.ts'

export const PLAIN = Object.fromEntries(
  ['bold', 'dim', 'good', 'bad', 'doubtful'].map((name) => [name, (text: string) => text]),
) as unknown as Style
