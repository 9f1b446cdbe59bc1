/** A file that somebody has written for `try`: one JSON object. */
import { parseForeignJson } from '../foreign/json.ts'
import { readRegular } from '../foreign/regular-file.ts'
import { UsageError } from '../foreign/usage.ts'
import { typedPath } from '../project/files.ts'

/** Twenty clients of the longest command. */
const FILE_BYTES_MAX = 1_000_000

/**
 * @param option that names the file: `--file`
 * @param example of what belongs there
 * @throws UsageError with one line that says what would be right
 */
export function readJsonObject(option: string, file: string, example: string): Record<string, unknown> {
  try {
    const value = parseForeignJson(readRegular(typedPath(file), FILE_BYTES_MAX))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
    throw new UsageError(`${option} ${file}: expected one JSON object, ${example}`)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${option} ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
