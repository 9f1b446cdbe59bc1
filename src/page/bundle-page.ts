/** The page's own files, as a browser wants them: one script, one style sheet, one document. */
import { readFile } from 'node:fs/promises'
import { projectFile, readBuilt } from '../project/files.ts'
import { isPackage } from '../project/package.ts'
import { pictureStyle } from '../view/svg-style.ts'

const CLIENT = 'src/page/client'

export interface PageFiles {
  html: string
  js: string
  css: string
}

/** Those of a package were made when it was. */
export function pageFiles(): Promise<PageFiles> {
  return isPackage ? readBuilt('page') : bundlePage()
}

/**
 * Bundles the browser's code; a tenth of a second. It stays in memory: nobody else needs it as a file.
 * @param define names that are put into the script
 */
export async function bundlePage(define: Record<string, string> = {}): Promise<PageFiles> {
  const { build, stop } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: ['main.ts', 'page.css'].map((name) => projectFile(`${CLIENT}/${name}`)),
    outdir: 'page',
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    logLevel: 'silent',
    define,
  })
  await stop()
  const textOf = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? ''
  return {
    html: await readFile(projectFile(`${CLIENT}/index.html`), 'utf8'),
    js: textOf('.js'),
    css: `${textOf('.css')}\n${pictureStyle()}`,
  }
}
