/** The arrows of src/README.md, held against the imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { labs } from '../labs/index.ts'
import type { Lab } from '../src/lab/lab.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Which folders of src a folder may import from, beside itself and `foreign`. */
const MAY_IMPORT: Record<string, string[]> = {
  foreign: [],
  events: [],
  protocols: ['events'],
  wire: ['events'],
  kernel: ['events', 'wire'],
  recorder: ['events'],
  store: [],
  programs: ['events', 'kernel', 'protocols', 'store'],
  hosts: ['events', 'kernel', 'programs'],
  faults: ['events', 'hosts', 'programs', 'wire'],
  lab: ['events', 'faults', 'hosts', 'kernel', 'programs', 'recorder', 'store', 'view'],
  forecast: ['events', 'hosts', 'kernel', 'lab', 'view'],
  try: ['events', 'faults', 'hosts', 'kernel', 'lab', 'programs', 'view'],
  // The lab of keepalive once more, with containers for hosts: it puts everything together, as an entry point does.
  compose: ['events', 'faults', 'hosts', 'kernel', 'lab', 'programs', 'recorder', 'view'],
  view: ['events', 'faults', 'hosts', 'lab', 'programs', 'wire'],
}
/** The entry points beside the folders: they put everything together. */
const ENTRY_POINTS = [
  'src/cli.ts',
  'src/processes/runner.ts',
  'src/processes/capture.ts',
  'src/processes/cable.ts',
  'src/commands/doctor.ts',
  'src/commands/watch.ts',
  'src/commands/report.ts',
  'src/commands/forecast.ts',
]
/** Only these know which labs there are. */
const MAY_IMPORT_LABS = ['src/cli.ts', 'src/processes/runner.ts']

const files = [...filesUnder('src', '.ts'), ...filesUnder('labs', '.ts')]

function filesUnder(folder: string, suffix: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(folder, name))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, path = '']) =>
    path.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), path)) : path,
  )
}

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(50)
})

test('folders import only what their place in the data flow allows', () => {
  const wrong = files.flatMap((file) => {
    const [top, folder = ''] = file.split('/')
    if (top !== 'src' || ENTRY_POINTS.includes(file)) return []
    const allowed = [folder, 'foreign', ...(MAY_IMPORT[folder] ?? [])]
    return importsOf(file)
      .filter((path) => path.startsWith('src/') && !allowed.includes(path.split('/')[1] ?? ''))
      .map((path) => `${file} imports ${path}`)
  })
  expect(wrong).toEqual([])
})

test('nobody but the entry points imports labs', () => {
  const wrong = files.filter(
    (file) =>
      file.startsWith('src/') &&
      !file.startsWith('src/compose/') &&
      !MAY_IMPORT_LABS.includes(file) &&
      importsOf(file).some((path) => path.startsWith('labs/')),
  )
  expect(wrong).toEqual([])
})

test('protocols have no sockets, clocks or loggers', () => {
  const forbidden = /^(node:(net|dgram|http|https|tls|timers|perf_hooks|child_process)|pino|ws|express|koffi)/
  const wrong = files
    .filter((file) => file.startsWith('src/protocols/'))
    .filter(
      (file) =>
        importsOf(file).some((path) => forbidden.test(path)) ||
        /\b(Date\.now|performance\.now|setTimeout|setInterval|process\.hrtime)\b/.test(
          readFileSync(join(ROOT, file), 'utf8'),
        ),
    )
  expect(wrong).toEqual([])
})

test('only src/kernel uses koffi', () => {
  const users = files.filter(
    (file) =>
      importsOf(file).includes('koffi') || readFileSync(join(ROOT, file), 'utf8').includes("('koffi')"),
  )
  expect(users.length).toBeGreaterThan(0)
  expect(users.filter((file) => !file.startsWith('src/kernel/'))).toEqual([])
})

test('every lab has a folder, an npm script, and a page', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const labs = filesUnder('labs', '/lab.ts').map((path) => path.split('/')[1] ?? '')
  expect(labs.length).toBeGreaterThan(0)
  for (const id of labs) {
    expect(scripts[`lab:${id}`]).toBe(`node --import tsx src/cli.ts lab ${id}`)
    for (const page of ['README.md', 'answers.md']) {
      expect(readFileSync(join(ROOT, 'labs', id, page), 'utf8').length).toBeGreaterThan(500)
    }
  }
})

test('cases and mechanisms have names that hosts, switches and group ids can bear', () => {
  for (const { cases, mechanisms } of Object.values<Lab>(labs)) {
    const names = cases.map(({ id }) => id)
    // A switch is `sw-<case>`, and the kernel takes 15 characters.
    expect(names.filter((name) => !/^[a-z][a-z\d-]{0,11}$/.test(name))).toEqual([])
    expect(mechanisms.filter((name) => !/^[a-z][a-z\d-]*$/.test(name))).toEqual([])
    expect(new Set([...names, ...mechanisms]).size).toBe(names.length + mechanisms.length)
  }
})

test('links between pages lead somewhere', () => {
  const pages = ['README.md', ...filesUnder('src', '.md'), ...filesUnder('labs', '.md')]
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map(([, path = '']) => path)
      .filter((path) => !/^https?:/.test(path))
      .filter((path) => !existsSync(resolve(ROOT, dirname(page), path)))
      .map((path) => `${page}: ${path}`),
  )
  expect(broken).toEqual([])
})

test('the lock file has every platform its packages name, or npm ci fails everywhere', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>
  }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  )
  expect(missing).toEqual([])
})
