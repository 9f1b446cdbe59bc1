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
/** Nearly everything is: to see that takes a tenth of the time in which the others are looked for. */
const PLAIN = /^[ -~]*$/
const PLAIN_LINES = /^[\n -~]*$/

/** In one line: `\x1b[2J`, `\u{202e}`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE, numbered)
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
  const text = JSON.stringify(value, null, indent)
  if (PLAIN_LINES.test(text)) return text
  return text.replace(UNPRINTABLE_BUT_LINE_END, (character) =>
    character
      .split('')
      .map((half) => `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/**
 * The same text, indented by two, piece by piece: for what is too long for one string. Whatever can be iterated is a
 * list, and may be made while it is written.
 * @param depth so far down what is in lists and objects is a piece of its own
 */
export function* printableJsonPieces(value: unknown, depth: number, margin = ''): Generator<string> {
  if (depth === 0 || typeof value !== 'object' || value === null) {
    yield printableJson(value, 2).replaceAll('\n', `\n${margin}`)
    return
  }
  const isList = isIterable(value)
  const entries = isList ? value : Object.entries(value).filter(([, one]) => one !== undefined)
  const inner = `${margin}  `
  let before = isList ? '[' : '{'
  for (const entry of entries) {
    const [key, one] = isList ? [null, entry ?? null] : (entry as [string, unknown])
    yield `${before}\n${inner}${key === null ? '' : `${printableJson(key)}: `}`
    yield* printableJsonPieces(one, depth - 1, inner)
    before = ','
  }
  if (before === ',') yield `\n${margin}${isList ? ']' : '}'}`
  else yield isList ? '[]' : '{}'
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value
}

/** As text or an attribute in double quotes of HTML, SVG and XML: one text, whatever came in. */
export function escapedXml(text: string): string {
  return printableLines(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
