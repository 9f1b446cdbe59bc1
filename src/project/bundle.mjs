// @ts-check
/**
 * One file of JavaScript made of many of TypeScript, and made again only when one of them has changed. A process
 * starts from it in a fraction of the time that it needs through tsx: of 400 files, tsx reads each one by itself.
 *
 * Plain JavaScript, since it runs before anything reads TypeScript.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
/** Inside node_modules, so that packages, which are not bundled or not whole, are found from there. */
export const BUNDLES = join(PROJECT, 'node_modules/.cache/stillhere/')
/** A change of these changes every bundle. */
const ALWAYS = [fileURLToPath(import.meta.url), join(PROJECT, 'package-lock.json')]

/**
 * @typedef {object} Wish
 * @property {'cjs' | 'esm'} format
 * @property {string[]} [external] packages that are not made part of it; native ones have to be named
 * @property {'external'} [packages] all of them
 */

/**
 * Makes one file of each entry and all it imports, unless that has been done and nothing has changed since.
 * @template {string} Name
 * @param {string} set a name for these bundles together
 * @param {Record<Name, string>} entries the path of each by its name
 * @param {Wish} wish
 * @param {string} [folder] where they go
 * @returns {Promise<Record<Name, string>>} the path of each bundle, by its name
 */
export async function bundled(set, entries, wish, folder = BUNDLES) {
  const extension = wish.format === 'esm' ? '.mjs' : '.cjs'
  const names = /** @type {Name[]} */ (Object.keys(entries))
  const paths = /** @type {Record<Name, string>} */ (
    Object.fromEntries(names.map((name) => [name, join(folder, name + extension)]))
  )
  const record = join(folder, `${set}.json`)
  if (!isFresh(record, Object.values(paths))) await make(entries, wish, folder, extension, record)
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
 * @param {Record<string, string>} entries
 * @param {Wish} wish
 * @param {string} folder
 * @param {string} extension
 * @param {string} record
 */
async function make(entries, wish, folder, extension, record) {
  const { build, stop } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    entryPoints: entries,
    outdir: folder,
    outExtension: { '.js': extension },
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20',
    // Each process keeps the text it was started from.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
    // Of the files that ask for it each is in a folder of src/, and asks for the project's root, or whether it was
    // started itself, which inside a bundle it never is.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(PROJECT, 'src/project/files.ts')).href) },
    ...wish,
  })
  await stop()
  mkdirSync(folder, { recursive: true })
  for (const { path, contents } of outputFiles) replace(path, contents)
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
