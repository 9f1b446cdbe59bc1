/** Text of others, as much of it as tells a reader something. */

/** A payload longer than this tells a reader nothing more, and a hostile one could be a megabyte. */
const TEXT_MAX = 160

/** Cut to a length, and no character cut in half. */
export function shortened(text: string, charactersMax = TEXT_MAX): string {
  if (text.length <= charactersMax) return text
  return `${text.slice(0, charactersMax - 1).replace(/[\ud800-\udbff]$/, '')}\u2026`
}
