/** Where there can be no hosts for a test. */
import { CannotRunError } from '../launcher/launch.ts'
import { typedPath } from '../project/files.ts'
import { placeFor } from '../try/start.ts'

/** This machine cannot have hosts of their own: the message says why, and what would help. */
export class CannotOpenError extends Error {
  override name = 'CannotOpenError'
}

/** In CI a test that is skipped tells nobody anything: there it is to fail, where somebody asks for that. */
export function mayBeSkipped(): boolean {
  return process.env.STILLHERE_REQUIRE !== 'all'
}

/**
 * Why this machine cannot open a lab, and what would help; null: it can, or STILLHERE_REQUIRE=all is set, so that
 * opening one fails. For test runners in which a running test cannot be skipped: `test('...', { skip: (await whyNot())
 * ?? false }, ...)`.
 */
export async function whyNot(): Promise<string | null> {
  if (!mayBeSkipped()) return null
  try {
    await placeFor([], typedPath('.'))
    return null
  } catch (error) {
    if (error instanceof CannotRunError) return error.message
    throw error
  }
}
