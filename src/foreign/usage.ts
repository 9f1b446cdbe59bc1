/** What a person typed that cannot be. */

/** In one line, for the person who typed it: it says what would be right. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What parseArgs() found wrong, in a sentence: Node goes on with advice about "--" that does not fit here. */
export function problemOfArguments(error: unknown): string {
  const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
  return first
}
