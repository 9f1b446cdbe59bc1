/**
 * The programs as one JavaScript file each: a process started through tsx needs three times as long
 * (535 against 241 ms of CPU), and a lab starts eighteen.
 */
import { bundled, NATIVE } from '../project/bundle.mjs'
import { projectFile } from '../project/files.ts'
import { BUILT, isPackage } from '../project/package.ts'

/** What is started as a process of its own, from the project's root. */
export const ENTRIES = {
  runner: 'src/processes/runner.ts',
  host: 'src/processes/host.ts',
  capture: 'src/processes/capture.ts',
  cable: 'src/processes/cable.ts',
  switch: 'src/processes/switch.ts',
  office: 'src/processes/loopback-office.ts',
  bank: 'src/programs/bank/main.ts',
}

/**
 * The runner, the programs of a host, the capture, the cable and the switch process, and the bank.
 * @returns the path of each file
 */
export async function bundlePrograms(): Promise<Record<keyof typeof ENTRIES, string>> {
  return isPackage
    ? paths((name) => `${BUILT}${name}.mjs`)
    : bundled(
        'programs',
        paths((name) => ENTRIES[name]),
        { external: NATIVE },
      )
}

function paths(of: (name: keyof typeof ENTRIES) => string): typeof ENTRIES {
  const names = Object.keys(ENTRIES) as (keyof typeof ENTRIES)[]
  return Object.fromEntries(names.map((name) => [name, projectFile(of(name))])) as typeof ENTRIES
}
