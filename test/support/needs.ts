/** Tests that need what not every machine has: skipped by name, or with STILLHERE_REQUIRE=all failed. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, test } from 'vitest'
import { environmentWithSbin } from '../../src/hosts/commands.ts'

const required = process.env.STILLHERE_REQUIRE === 'all'

/** @param elsewhere folders that are in nobody's PATH */
export function isInstalled(program: string, elsewhere: readonly string[] = []): boolean {
  const folders = [...(environmentWithSbin().PATH ?? '').split(delimiter), ...elsewhere]
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)))
}

/** `test`, where this machine has `what`. */
export function testNeeding(what: string, has: boolean) {
  return (name: string, run: () => void | Promise<void>, timeoutMs?: number) => {
    if (has) test(name, run, timeoutMs)
    else if (required) test(name, () => missing(what))
    else test.skip(`${name} (needs ${what})`)
  }
}

/** `describe`, where this machine has `what`. */
export function describeNeeding(what: string, has: boolean) {
  return (name: string, run: () => void) => {
    if (has) describe(name, run)
    else if (required) test(name, () => missing(what))
    else describe.skip(`${name} (needs ${what})`, () => test('skipped', () => {}))
  }
}

function missing(what: string): never {
  throw new Error(`this machine lacks ${what}, and STILLHERE_REQUIRE=all asks for it`)
}
