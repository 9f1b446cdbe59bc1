// @ts-check
/** Where every `npm run` of the lab begins: the command line (`cli.ts`) as one file, made anew where it has changed. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundled } from './project/bundle.mjs'

const cli = fileURLToPath(new URL('cli.ts', import.meta.url))
const paths = await bundled('command-line', { cli }, { packages: 'external' })
await import(pathToFileURL(paths.cli).href)
