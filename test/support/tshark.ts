/** Wireshark's decoder, as a second witness of what was captured. */
import { spawnSync } from 'node:child_process'

const TSHARK = 'tshark'
export const hasTshark = spawnSync(TSHARK, ['--version']).status === 0

/**
 * A line for each packet of a file that a display filter lets through.
 * @param options more of its command line
 * @throws Error with its own words when it cannot read the file
 */
export function tshark(file: string, filter: string, options: readonly string[] = []): string[] {
  const { stdout, stderr, status } = spawnSync(TSHARK, [...options, '-r', file, '-Y', filter], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`tshark cannot read ${file}: ${stderr}`)
  return stdout.split('\n').filter((line) => line !== '')
}

/** The same, with these fields of each packet instead. */
export function tsharkFields(file: string, filter: string, fields: readonly string[]): string[][] {
  const options = ['-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
  return tshark(file, filter, options).map((line) => line.split('\t'))
}
