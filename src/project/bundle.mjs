// @ts-check
/**
 * One file of JavaScript made of many of TypeScript, and made again only when one of them has changed. A process
 * starts from it in a fraction of the time that it needs through tsx: of 400 files, tsx reads each one by itself.
 *
 * Plain JavaScript, since it runs before anything reads TypeScript.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
/** Inside node_modules, so that packages, which are not bundled or not whole, are found from there. */
export const BUNDLES = join(PROJECT, 'node_modules/.cache/stillhere/')
/** A run that began from an earlier bundle may still load parts of it; none lasts so long. */
const PARTS_KEPT_MS = 24 * 3_600_000
/** Packages in CommonJS ask for others with a `require` that a module does not have. */
export const REQUIRE =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"
/** Native modules: each finds its binary beside its own files. */
export const NATIVE = ['koffi', 'lmdb']
/** A change of these changes every bundle. */
const ALWAYS = [fileURLToPath(import.meta.url), join(PROJECT, 'package-lock.json')]

/** How many files of TypeScript become one that Node loads. */
export const AS_MODULES = /** @type {const} */ ({
  bundle: true,
  splitting: true,
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  write: false,
  platform: 'node',
  target: 'node20',
  // Each process keeps the text it was started from.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'silent',
})

/**
 * @typedef {object} Wish
 * @property {string[]} [external] packages that are not made part of it; native ones have to be named
 * @property {'external'} [packages] all of them
 */

/**
 * One after the other: who is ready ends esbuild's process, and whatever another part of this program was having built by
 * it would never come.
 */
let making = Promise.resolve()

/**
 * Makes one file of each entry and all it imports, unless that has been done and nothing has changed since. What is
 * imported only when it is needed (`await import`), and what several entries have in common, are parts beside them.
 * @template {string} Name
 * @param {string} set a name for these bundles together
 * @param {Record<Name, string>} entries the path of each by its name
 * @param {Wish} wish
 * @returns {Promise<Record<Name, string>>} the path of each bundle, by its name
 */
export async function bundled(set, entries, wish) {
  const names = /** @type {Name[]} */ (Object.keys(entries))
  const paths = /** @type {Record<Name, string>} */ (
    Object.fromEntries(names.map((name) => [name, join(BUNDLES, `${name}.mjs`)]))
  )
  const record = join(BUNDLES, `${set}.json`)
  const made = making.then(async () => {
    if (!isFresh(record, Object.values(paths))) await make(set, entries, wish, record)
  })
  making = made.catch(() => {}) // told to whoever asked for it
  await made
  return paths
}

/**
 * Whether all is as it was when the bundles were made.
 * @param {string} record
 * @param {string[]} outputs
 */
function isFresh(record, outputs) {
  try {
    const stamps = Object.entries(JSON.parse(readFileSync(record, 'utf8')))
    return (
      stamps.every(([path, stamp]) => stampOf(path) === stamp) &&
      outputs.every((path) => statSync(path).isFile())
    )
  } catch {
    // None was made yet, a source is gone, or another version wrote the record.
    return false
  }
}

/** @param {string} path from the project's root */
function stampOf(path) {
  const { mtimeMs, size } = statSync(join(PROJECT, path))
  return `${mtimeMs} ${size}`
}

/**
 * @param {string} set
 * @param {Record<string, string>} entries
 * @param {Wish} wish
 * @param {string} record
 */
async function make(set, entries, wish, record) {
  const { build, stop } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    ...AS_MODULES,
    entryPoints: entries,
    outdir: BUNDLES,
    chunkNames: `${set}/[hash]`,
    absWorkingDir: PROJECT,
    banner: { js: REQUIRE },
    metafile: true,
    // Of the files that ask for it each is in a folder of src/, and asks for the project's root, or whether it was
    // started itself, which inside a bundle it never is.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(PROJECT, 'src/project/files.ts')).href) },
    ...wish,
  })
  await stop()
  const parts = join(BUNDLES, set)
  mkdirSync(parts, { recursive: true })
  // Entries last: each part that they name is there.
  const isEntry = (/** @type {string} */ path) => dirname(path) === resolve(BUNDLES)
  outputFiles.sort((one, other) => Number(isEntry(one.path)) - Number(isEntry(other.path)))
  for (const { path, contents } of outputFiles) replace(path, contents)
  const made = outputFiles.map(({ path }) => path)
  for (const path of readdirSync(parts).map((name) => join(parts, name))) {
    // Others that start at the same moment put parts there under a name that they have for a moment only.
    const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (!made.includes(path) && Date.now() - modifiedMs > PARTS_KEPT_MS) rmSync(path, { force: true })
  }
  const inputs = [...ALWAYS.map((path) => relative(PROJECT, path)), ...Object.keys(metafile.inputs)]
  replace(record, JSON.stringify(Object.fromEntries(inputs.map((path) => [path, stampOf(path)]))))
}

/**
 * Another run may start from this file at this moment: it is there whole, the old or the new.
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
function replace(path, contents) {
  const fresh = `${path}.${randomBytes(4).toString('hex')}`
  writeFileSync(fresh, contents)
  renameSync(fresh, path)
}
