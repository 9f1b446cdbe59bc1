/**
 * Text that somebody else may have written (a peer, a tried program, the file of a run): what of it may be
 * shown as it stands, on a terminal, in a page, in a file for other tools. The one definition; every way out
 * uses it. What may not is written as its number, so that a reader still sees what was sent.
 *
 * Also here: the same for the two notations that more than one way out writes, JSON and XML. What belongs to
 * one alone (a spreadsheet's formulas, Mermaid's entities) is escaped there, after this.
 */

/**
 * Controls (a terminal obeys them), formats (they turn the direction of writing, or are not seen: a line
 * reads as another), halves of characters and U+FFFE, U+FFFF (not valid XML), separators of lines.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu
const UNPRINTABLE_BUT_LINE_END = new RegExp(`(?!\n)${UNPRINTABLE.source}`, 'gu')

/** In one line: `\x1b[2J`, `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, numbered)
}

/** The same, where several lines may be shown. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE_BUT_LINE_END, numbered)
}

function numbered(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/**
 * Whole data, every text in it printable in one line: for views that make words of it in many places. What
 * needs no change is not copied.
 */
export function printableData<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T
  if (typeof value !== 'object' || value === null) return value
  // Once through, and a copy only from the first change on: nesting is the sender's to choose.
  if (Array.isArray(value)) {
    let changed: unknown[] | null = null
    for (const [index, one] of value.entries()) {
      const shown = printableData(one)
      if (shown === one) continue
      changed ??= [...value]
      changed[index] = shown
    }
    return (changed ?? value) as T
  }
  const entries: [string, unknown][] = Object.entries(value)
  let isChanged = false
  for (const [index, [key, one]] of entries.entries()) {
    const [shownKey, shown] = [printable(key), printableData(one)]
    if (shownKey === key && shown === one) continue
    isChanged = true
    entries[index] = [shownKey, shown]
  }
  return isChanged ? (Object.fromEntries(entries) as T) : value
}

/** JSON for a terminal or a file of another tool: what may not be shown is escaped as JSON escapes it. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE_BUT_LINE_END, (character) =>
    character
      .split('')
      .map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** As text or an attribute in double quotes of HTML, SVG and XML: one text, whatever came in. */
export function escapedXml(text: string): string {
  return printableLines(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
