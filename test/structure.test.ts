/** The house: src/README.md says who may import whom, and this holds every file to it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { labs } from '../labs/index.ts'
import type { Lab } from '../src/lab/lab.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Only these know which labs there are; `compose/` is one of them again, with containers for hosts. */
const MAY_IMPORT_LABS = ['src/cli.ts', 'src/processes/runner.ts', 'src/compose/']

const files = [...filesUnder('src', '.ts'), ...filesUnder('labs', '.ts')]

function filesUnder(folder: string, suffix: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith(suffix)).map((name) => join(folder, name))
}

const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** What a file imports, types included: files from the project's root, packages by their names. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from |import |import\()'([^']+)'/g)].map(([, path = '']) =>
    path.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), path)) : path,
  )
}

/** The table of src/README.md: by folder, which others it may import; null: all. */
function mayImport(): Map<string, string[] | null> {
  const rows = textOf('src/README.md').matchAll(/^\| `([a-z]+)\/` \|.*\| ([^|]+) \|$/gm)
  return new Map(
    [...rows].map(([, folder = '', list = '']) => {
      if (list.startsWith('all')) return [folder, null]
      return [folder, list === 'nothing' ? [] : list.split(', ')]
    }),
  )
}

test('the table of src/README.md has every folder, and no other', () => {
  const folders = new Set(files.flatMap((file) => /^src\/([^/]+)\//.exec(file)?.[1] ?? []))
  expect([...mayImport().keys()].sort()).toEqual([...folders].sort())
  expect(files.length).toBeGreaterThan(50)
})

test('folders import only what that table allows', () => {
  const table = mayImport()
  const wrong = files.flatMap((file) => {
    const folder = /^src\/([^/]+)\//.exec(file)?.[1]
    const allowed = folder === undefined ? null : table.get(folder)
    if (!allowed) return []
    return importsOf(file)
      .filter((path) => path.startsWith('src/'))
      .filter((path) => ![folder, ...allowed].includes(path.split('/')[1]))
      .map((path) => `${file} imports ${path}`)
  })
  expect(wrong).toEqual([])
})

test('no two folders that the table names import each other', () => {
  const table = mayImport()
  const both = [...table].flatMap(([folder, allowed]) =>
    (allowed ?? [])
      .filter((other) => table.get(other)?.includes(folder))
      .map((other) => `${folder} ${other}`),
  )
  expect(both).toEqual([])
})

test('no file imports itself by way of others, types included', () => {
  expect(circlesAmong(files, importsOf)).toEqual([])
})

test('a circle is found', () => {
  const arrows: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b', 'd'], d: [] }
  expect(circlesAmong(Object.keys(arrows), (file) => arrows[file] ?? [])).toEqual(['b > c > b'])
})

/** Depth first: who is met again while still on the way to it closes a circle. */
function circlesAmong(all: readonly string[], arrowsFrom: (file: string) => readonly string[]): string[] {
  const known = new Set(all)
  const done = new Set<string>()
  const way: string[] = []
  const circles: string[] = []
  const visit = (file: string) => {
    const met = way.indexOf(file)
    if (met !== -1) circles.push([...way.slice(met), file].join(' > '))
    if (met !== -1 || done.has(file)) return
    way.push(file)
    for (const next of arrowsFrom(file)) if (known.has(next)) visit(next)
    way.pop()
    done.add(file)
  }
  all.forEach(visit)
  return circles
}

test('nobody but the entry points imports labs, and no lab another one', () => {
  const wrong = files.flatMap((file) => {
    const own = /^labs\/([^/]+)\//.exec(file)?.[1]
    if (/^labs\/(index|load)\.ts$/.test(file) || MAY_IMPORT_LABS.some((place) => file.startsWith(place)))
      return []
    return importsOf(file)
      .filter((path) => path.startsWith('labs/') && path.split('/')[1] !== own)
      .map((path) => `${file} imports ${path}`)
  })
  expect(wrong).toEqual([])
})

test('no lab reads captured packets but by Cell.packets(), which knows whether all of them are there', () => {
  const readers = files
    .filter((file) => file.startsWith('labs/'))
    .filter((file) => /'(packet:captured|wire:[a-z_]+)'/.test(textOf(file)))
  expect(readers).toEqual([])
})

test('protocols have no sockets, clocks or loggers', () => {
  const forbidden = /^(node:(net|dgram|http|https|tls|timers|perf_hooks|child_process)|pino|ws|express|koffi)/
  const wrong = files
    .filter((file) => file.startsWith('src/protocols/'))
    .filter(
      (file) =>
        importsOf(file).some((path) => forbidden.test(path)) ||
        /\b(Date\.now|performance\.now|setTimeout|setInterval|process\.hrtime)\b/.test(textOf(file)),
    )
  expect(wrong).toEqual([])
})

test('only src/kernel uses koffi', () => {
  const users = files.filter(
    (file) => importsOf(file).includes('koffi') || textOf(file).includes("('koffi')"),
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
    expect(scripts[`lab:${id}`]).toBe(`node src/start.mjs lab ${id}`)
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
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...filesUnder('src', '.md'),
    ...filesUnder('labs', '.md'),
  ]
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

test('package.json decides of every package whether it may run a script when it is installed', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>
  }
  const { allowScripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    allowScripts: Record<string, boolean>
  }
  const asking = Object.entries(packages)
    .filter(([, { hasInstallScript = false }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  // Their binaries are in packages of their own. A clone installed so runs every lab: CI's is.
  expect(Object.fromEntries(asking.map((name) => [name, false]))).toEqual(allowScripts)
})
