/** The page's own files, as a browser wants them: one script, one style sheet, one document. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'
import { pictureStyle } from '../view/svg-style.ts'

const CLIENT = new URL('client/', import.meta.url)

export interface PageFiles {
  html: string
  js: string
  css: string
}

/** Bundles the browser's code; a tenth of a second. It stays in memory: nobody else needs it as a file. */
export async function bundlePage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    entryPoints: ['main.ts', 'page.css'].map((name) => fileURLToPath(new URL(name, CLIENT))),
    outdir: 'page',
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    logLevel: 'silent',
  })
  await stop()
  const textOf = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? ''
  return {
    html: await readFile(new URL('index.html', CLIENT), 'utf8'),
    js: textOf('.js'),
    css: `${textOf('.css')}\n${pictureStyle()}`,
  }
}
