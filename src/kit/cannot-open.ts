/** Where there can be no hosts for a test. */
import { CannotRunError } from '../launcher/launch.ts'
import { typedPath } from '../project/files.ts'
import { placeFor } from '../try/start.ts'

/** This machine cannot have hosts of their own: the message says why, and what would help. */
export class CannotOpenError extends Error {
  override name = 'CannotOpenError'
}

/**
 * Why this machine cannot open a lab, and what would help; null: it can. For test runners in which a running test
 * cannot be skipped: `const run = (await whyNot()) === null ? test : test.skip`.
 */
export async function whyNot(): Promise<string | null> {
  try {
    await placeFor([], typedPath('.'))
    return null
  } catch (error) {
    if (error instanceof CannotRunError) return error.message
    throw error
  }
}
