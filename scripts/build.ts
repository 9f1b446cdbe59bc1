/**
 * `npm run build`: what a package brings instead of sources, into `dist/`: the command line, what is started as a
 * process of its own, the pages, the licences of what became part of them. `npm pack` does it first. With
 * `--containers` what runs in the containers of docker-compose.yml, too.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { bundlePage } from '../src/page/bundle-page.ts'
import { ENTRIES } from '../src/processes/bundle.ts'
import { AS_MODULES, NATIVE, REQUIRE } from '../src/project/bundle.mjs'
import { projectFile } from '../src/project/files.ts'
import { BUILT } from '../src/project/package.ts'
import { bundleReport } from '../src/view/report/bundle.ts'
import { bundleSorted } from '../src/view/sorted/files.ts'

const OUT = projectFile(BUILT)
const COMMAND_LINE = 'stillhere'
/** What tests import. */
const KIT = 'src/kit/index.ts'
const IN_CONTAINERS = {
  endpoint: 'src/compose/endpoint.ts',
  router: 'src/compose/router.ts',
  tell: 'src/compose/tell.ts',
  recorder: 'src/compose/recorder.ts',
  balancer: 'src/compose/balancer.ts',
}
/** The name by which a module knows that it is in a package. */
const IN_PACKAGE = { STILLHERE_PACKAGE: 'true' }
/** What a source believes to be its own address: of a file as deep in the package as it is in the project. */
const sourceUrl = (own: string) => `const __sourceUrl=new URL("../src/project/files.ts",${own}).href;`
/** Whatever is made of it. */
const COMMON = {
  ...AS_MODULES,
  outdir: OUT,
  absWorkingDir: projectFile(),
  metafile: true as const,
  // In a package nothing is compiled any more: what would do so is never come to.
  external: [...NATIVE, 'esbuild'],
  define: { ...IN_PACKAGE, 'import.meta.url': '__sourceUrl' },
}

interface AboutPackage {
  name: string
  version: string
  license?: string
  repository?: string | { url: string }
}

const LICENCE = /^(licen[cs]e|copying)(\.(md|txt))?$/i

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT)
const modules = await bundleModules({
  [COMMAND_LINE]: 'src/cli.ts',
  kit: KIT,
  ...ENTRIES,
  ...(process.argv.includes('--containers') ? IN_CONTAINERS : {}),
})
const required = await bundleForRequire()
declareKit()
write('page.json', JSON.stringify(await bundlePage(IN_PACKAGE)))
write('report.json', JSON.stringify(await bundleReport(IN_PACKAGE)))
write('sorted.json', JSON.stringify(await bundleSorted()))
write('LICENSES.txt', licencesOf(modules, required))

async function bundleModules(entryPoints: Record<string, string>): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    entryPoints,
    // Beside those that ask for them: all are as deep in the package.
    chunkNames: 'part-[hash]',
    banner: { js: REQUIRE + sourceUrl('import.meta.url') },
  })
  for (const { path, text } of outputFiles) write(basename(path), text)
  const command = join(OUT, `${COMMAND_LINE}.mjs`)
  writeFileSync(command, `#!/usr/bin/env node\n${readFileSync(command, 'utf8')}`)
  chmodSync(command, 0o755)
  return metafile
}

/** What tests import, for those that can only `require`, as those of jest do: one file, since its parts are modules. */
async function bundleForRequire(): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    splitting: false,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    entryPoints: { kit: KIT },
    banner: { js: sourceUrl("require('node:url').pathToFileURL(__filename)") },
  })
  for (const { path, text } of outputFiles) write(basename(path), text)
  return metafile
}

/** The types of what tests import: of the declarations of all that it is made of, those that can be reached from there. */
function declareKit(): void {
  const all = join(OUT, 'declared')
  const tsc = projectFile('node_modules/tsc/bin/tsc')
  execFileSync(process.execPath, [tsc, '--project', projectFile('src/kit'), '--outDir', all], {
    stdio: 'inherit',
  })
  const root = join(all, dirname(KIT))
  const waiting = [join(root, 'index.d.ts')]
  const reached = new Set<string>()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    const from = dirname(path)
    const text = readFileSync(path, 'utf8').replaceAll(
      /(?<=from ')(\.[^']+)\.ts(?=')/g,
      (_, name: string) => {
        waiting.push(resolve(from, `${name}.d.ts`))
        return `${name}.js`
      },
    )
    const to = join('types', relative(root, path))
    mkdirSync(dirname(join(OUT, to)), { recursive: true })
    write(to, text)
  }
  rmSync(all, { recursive: true })
}

function write(name: string, text: string): void {
  writeFileSync(join(OUT, name), text)
}

/** Most licences ask for no more than to go where the software goes. */
function licencesOf(...all: Metafile[]): string {
  const inputs = all.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  )
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  )
  const texts = [...folders].sort().map((folder) => {
    const about = JSON.parse(readFileSync(projectFile(`${folder}/package.json`), 'utf8')) as AboutPackage
    return `${about.name} ${about.version}\n\n${licenceIn(projectFile(folder)) ?? onlyNamed(about)}`
  })
  return `${['Parts of these packages are in the files beside this one.', ...texts].join(`\n\n${'-'.repeat(72)}\n\n`)}\n`
}

function licenceIn(folder: string): string | null {
  const file = readdirSync(folder).find((name) => LICENCE.test(name))
  return file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim()
}

/** Some packages come without the text. @throws Error where they do not even say which it is */
function onlyNamed({ name, license, repository }: AboutPackage): string {
  if (license === undefined) throw new Error(`${name} has no licence that could be passed on`)
  return `licence: ${license}; ${typeof repository === 'string' ? repository : repository?.url}`
}
