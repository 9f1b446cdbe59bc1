/** What a page of one table brings with it. */
import { readFile } from 'node:fs/promises'
import { projectFile, readBuilt } from '../../project/files.ts'
import { isPackage } from '../../project/package.ts'
import { bundleForBrowser, type ReportFiles } from '../report/bundle.ts'

const SCRIPT = 'src/view/sorted/sort.ts'
const STYLES = ['src/view/viewer/viewer.css', 'src/view/sorted/sorted.css']

/** Those of a package were made when it was. */
export function sortedFiles(): Promise<ReportFiles> {
  return isPackage ? readBuilt('sorted') : bundleSorted()
}

export async function bundleSorted(): Promise<ReportFiles> {
  const sheets = STYLES.map((path) => readFile(projectFile(path), 'utf8'))
  return {
    script: await bundleForBrowser(projectFile(SCRIPT)),
    style: (await Promise.all(sheets)).join('\n'),
  }
}
