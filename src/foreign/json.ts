/** JSON that somebody else may have written: what is nested too deep would end whoever walks through it. */

/** Ours have eight. Schemas, `JSON.stringify` and our own walks take a part of the stack for each. */
const DEPTH_MAX = 64

/** @throws SyntaxError when it is no JSON, or nested deeper than any of ours */
export function parseForeignJson(text: string): unknown {
  if (depthOf(text) > DEPTH_MAX) throw new SyntaxError(`it is nested deeper than ${DEPTH_MAX} times`)
  return JSON.parse(text)
}

/**
 * Whether a value can be read wherever the example can: it has its members, each of its type, and perhaps more. What
 * the example does not know (null) may be anything, and all elements of a list are like its first.
 */
export function hasShapeOf(value: unknown, example: unknown): boolean {
  if (example === null || example === undefined) return true
  if (typeof example !== 'object') return typeof value === typeof example
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(example))
    return false
  if (Array.isArray(value)) return value.every((one) => hasShapeOf(one, (example as unknown[])[0]))
  return Object.entries(example).every(([key, member]) =>
    hasShapeOf(Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined, member),
  )
}

/** How deep brackets are nested, in one pass and without a stack; those within strings do not count. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let isString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isString) {
      if (character === '\\') at++
      else if (character === '"') isString = false
    } else if (character === '"') isString = true
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth)
    else if (character === ']' || character === '}') depth--
  }
  return deepest
}
