/** What a report brings with it, since a page that must not load anything has to: one script, one style sheet. */
import { readFile } from 'node:fs/promises'
import { projectFile, readBuilt } from '../../project/files.ts'
import { isPackage } from '../../project/package.ts'
import { pictureStyle } from '../svg-style.ts'

const SCRIPT = 'src/view/report/open.ts'
const STYLES = ['src/view/viewer/viewer.css', 'src/view/report/report.css']

export interface ReportFiles {
  script: string
  style: string
}

/** Those of a package were made when it was. */
export function reportFiles(): Promise<ReportFiles> {
  return isPackage ? readBuilt('report') : bundleReport()
}

/**
 * Made anew for each report: that takes about 50 ms, and stored ones would have to be kept true.
 * @param define names that are put into the script
 */
export async function bundleReport(define: Record<string, string> = {}): Promise<ReportFiles> {
  const sheets = STYLES.map((path) => readFile(projectFile(path), 'utf8'))
  return {
    script: await bundleForBrowser(projectFile(SCRIPT), define),
    style: [...(await Promise.all(sheets)), pictureStyle()].join('\n'),
  }
}

/** @param entry the file that the browser runs */
export async function bundleForBrowser(entry: string, define: Record<string, string> = {}): Promise<string> {
  const { build } = await import('esbuild')
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
    define,
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild made nothing of ${entry}`)
  return file.text
}
