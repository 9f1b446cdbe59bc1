/**
 * The programs as one JavaScript file each: a process started through tsx needs three times as long
 * (535 against 241 ms of CPU), and a lab starts eighteen.
 */
import { bundled } from '../project/bundle.mjs'
import { projectFile } from '../project/files.ts'

const ENTRIES = {
  runner: projectFile('src/processes/runner.ts'),
  host: projectFile('src/processes/host.ts'),
  capture: projectFile('src/processes/capture.ts'),
  cable: projectFile('src/processes/cable.ts'),
  switch: projectFile('src/processes/switch.ts'),
  office: projectFile('src/processes/loopback-office.ts'),
  bank: projectFile('src/programs/bank/main.ts'),
}
/** Native modules: each finds its binary beside its own files. */
const NATIVE = ['koffi', 'lmdb']

/**
 * The runner, the programs of a host, the capture, the cable and the switch process, and the bank.
 * @returns the path of each file
 */
export function bundlePrograms(): Promise<Record<keyof typeof ENTRIES, string>> {
  return bundle('programs', ENTRIES)
}

/**
 * One file of each entry and all it imports.
 * @param set a name for them together @param folder where they go, if not beside the lab's own
 * @returns the path of each, by its name
 */
export function bundle<Name extends string>(
  set: string,
  entries: Record<Name, string>,
  folder?: string,
): Promise<Record<Name, string>> {
  return bundled(set, entries, { external: NATIVE }, folder)
}
