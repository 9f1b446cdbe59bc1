/** How loud it is, in numbers and as a bar of text. */

/** A square wave as loud as 16 bits allow: 0 dBFS. A sine as loud is at -3. */
const FULL_SCALE = 32_768
/** What is quieter is drawn as nothing. */
const QUIETEST_DBFS = -60
const BAR_LETTERS = 30

/** The root of the mean square, in decibels below full scale; -Infinity for silence. */
export function levelDbfs(samples: Int16Array): number {
  const squares = samples.reduce((sum, sample) => sum + sample * sample, 0)
  return squares === 0 ? -Infinity : 10 * Math.log10(squares / samples.length / FULL_SCALE ** 2)
}

/** `[##########--------------------]  -40 dBFS` */
export function drawLevel(dbfs: number): string {
  const share = Math.min(Math.max(1 - dbfs / QUIETEST_DBFS, 0), 1)
  const bar = '#'.repeat(Math.round(share * BAR_LETTERS)).padEnd(BAR_LETTERS, '-')
  const words = dbfs === -Infinity ? 'silence' : `${dbfs.toFixed(0)} dBFS`.padStart(8)
  return `[${bar}] ${words}`
}
