/** The command line of a try: options, or the same in a file. */
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { nearest } from '../foreign/nearest.ts'
import { UsageError } from '../foreign/usage.ts'
import { outOf, usageErrorOf } from '../plan/options.ts'
import { typedPath } from '../project/files.ts'
import { helpOn } from './help.ts'
import { readJsonObject } from './json-file.ts'
import { requestOf, type TryRequest } from './request.ts'
import { type Source, validated } from './schema.ts'
import { readVariants } from './variants.ts'

/** How it is told, which is no part of the run. */
export interface Telling {
  json: boolean
  plain: boolean
  out: string
  junit: string | null
  markdown: string | null
  /** The text that was asked for. */
  help: string | null
}

/**
 * `wanted` gives one request, or with `--matrix` one for each variant.
 * @throws UsageError with one line that says what would be right
 */
export function parseTryArguments(args: readonly string[]): { wanted: () => TryRequest[]; telling: Telling } {
  const { values, positionals } = parse(args)
  const { json, plain, out, junit, markdown, help: isHelp, file, matrix, ...rest } = values
  const help = isHelp ? helpOn(positionals) : null
  if (help === null && positionals.length > 0) {
    throw new UsageError(`"${positionals[0]}" is no option; put a command in quotes, or try --help`)
  }
  return {
    telling: {
      ...{ json, plain, out: outOf(out), help },
      junit: junit === undefined ? null : writable('--junit', junit),
      markdown: markdown === undefined ? null : writable('--markdown', markdown),
    },
    wanted: () => {
      const base = [...(file === undefined ? [] : [sourceOfFile(file)]), sourceOfOptions(rest)]
      return matrix === undefined ? [requestOf(validated(base))] : requestsOf(matrix, base)
    },
  }
}

/** Of each variant, over what all have in common. @throws UsageError */
function requestsOf(file: string, base: readonly Source[]): TryRequest[] {
  return readVariants(file).map(({ name, values }) => {
    const called = (key: string) => `--matrix ${file}: "${name}": "${key}"`
    const wanted = validated([...base, { values: { ...values, name }, called }])
    try {
      return requestOf(wanted)
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`--matrix ${file}: "${name}": ${error.message}`)
      throw error
    }
  })
}

/** Before minutes go by. @throws UsageError when a file cannot be made there */
export function writable(option: string, file: string): string {
  const folder = dirname(typedPath(file))
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    throw new UsageError(`${option} ${file}: cannot write to the folder ${folder}`)
  }
  return typedPath(file)
}

const OPTIONS = {
  server: { type: 'string', multiple: true },
  client: { type: 'string', multiple: true },
  file: { type: 'string' },
  matrix: { type: 'string' },
  faults: { type: 'string' },
  strike: { type: 'string' },
  link: { type: 'string' },
  expect: { type: 'string', multiple: true },
  ready: { type: 'string' },
  'server-ready': { type: 'string' },
  'strike-after': { type: 'string' },
  down: { type: 'string' },
  up: { type: 'string' },
  watch: { type: 'string' },
  recover: { type: 'string' },
  settle: { type: 'string' },
  'connect-within': { type: 'string' },
  sysctl: { type: 'string', multiple: true },
  pace: { type: 'string' },
  later: { type: 'string' },
  ask: { type: 'string' },
  family: { type: 'string' },
  'allow-outside': { type: 'boolean' },
  'allow-loopback': { type: 'boolean' },
  'allow-tun': { type: 'boolean' },
  name: { type: 'string' },
  junit: { type: 'string' },
  markdown: { type: 'string' },
  json: { type: 'boolean', default: false },
  plain: { type: 'boolean', default: false },
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    const [, wrong] = /^Unknown option '--([^']*)'/.exec((error as Error).message) ?? []
    if (wrong === undefined) throw usageErrorOf(error)
    throw new UsageError(`Unknown option '--${wrong}'; ${nearest(wrong, Object.keys(OPTIONS))}`)
  }
}

type OptionValues = Omit<
  ReturnType<typeof parse>['values'],
  'json' | 'plain' | 'out' | 'junit' | 'markdown' | 'help' | 'file' | 'matrix'
>

function sourceOfFile(file: string): Source {
  return {
    values: readJsonObject('--file', file, '{"server": "...", "client": "..."}'),
    called: (key) => `--file ${file}: "${key}"`,
  }
}

function sourceOfOptions({ faults, sysctl, ...rest }: OptionValues): Source {
  return {
    values: {
      ...rest,
      ...(faults === undefined ? {} : { faults: faults.split(',') }),
      ...(sysctl === undefined ? {} : { sysctl: Object.fromEntries(sysctl.map(assignment)) }),
    },
    called: (key) => `--${key}`,
  }
}

function assignment(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--sysctl ${text}: expected NAME=VALUE, such as net.ipv4.tcp_retries2=5`)
  return [text.slice(0, at), text.slice(at + 1)]
}
