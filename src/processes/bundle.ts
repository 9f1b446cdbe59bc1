/**
 * The programs as one JavaScript file each: a process started through tsx needs three times as long
 * (535 against 241 ms of CPU), and a lab starts eighteen.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

/** Inside node_modules, so that native modules, which are not bundled, are found from there. */
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/stillhere/', import.meta.url))
const ENTRIES = {
  runner: fileURLToPath(new URL('runner.ts', import.meta.url)),
  host: fileURLToPath(new URL('host.ts', import.meta.url)),
  capture: fileURLToPath(new URL('capture.ts', import.meta.url)),
  cable: fileURLToPath(new URL('cable.ts', import.meta.url)),
  bank: fileURLToPath(new URL('../programs/bank/main.ts', import.meta.url)),
}

/**
 * Bundles the runner, the programs of a host, the capture and the cable process, and the bank; about a tenth of a second.
 * @returns the path of each file
 */
export function bundlePrograms(): Promise<Record<keyof typeof ENTRIES, string>> {
  return bundle(ENTRIES, FOLDER)
}

/**
 * Makes one file of each entry and all it imports.
 * @returns the path of each, by its name
 */
export async function bundle<Name extends string>(
  entries: Record<Name, string>,
  folder: string,
): Promise<Record<Name, string>> {
  const { outputFiles } = await build({
    entryPoints: entries,
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Native modules: each finds its binary beside its own files.
    external: ['koffi', 'lmdb'],
    // Each process keeps the text it was started from.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
    // A program tells by this whether it was started as a file; inside a bundle it never is.
    define: { 'import.meta.url': 'undefined' },
  })
  await stop()
  mkdirSync(folder, { recursive: true })
  for (const { path, contents } of outputFiles) {
    // Another run may start from these files at this moment: replace them whole.
    const fresh = join(dirname(path), `${basename(path)}.${randomBytes(4).toString('hex')}`)
    writeFileSync(fresh, contents)
    renameSync(fresh, path)
  }
  const paths = Object.keys(entries).map((name) => [name, join(folder, `${name}.cjs`)])
  return Object.fromEntries(paths) as Record<Name, string>
}
