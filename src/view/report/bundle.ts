/** Browser code as one script, for a page that must not load anything. */
import { build } from 'esbuild'

/**
 * Made anew for each report: that takes about 50 ms, and a stored one would have to be kept true.
 * @param entry the file that the browser runs
 */
export async function bundleForBrowser(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    // esbuild writes `<\/script` by itself: a script inside a page would end at its first `</script`.
    charset: 'utf8',
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild made nothing of ${entry}`)
  return file.text
}
