/**
 * What the programs share when a person starts them by hand: options, events as lines, a clear end.
 *
 * Exit status: 0 it ended in order, 2 wrong usage, 3 it cannot run here (a port in use, ...).
 */
import { existsSync, realpathSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Emitter, type EventLogOptions, openEventLog, printingEmitter } from '../../events/emit.ts'
import { printable } from '../../foreign/printable.ts'
import { problemOfArguments, UsageError } from '../../foreign/usage.ts'
import { canSetUserTimeout } from '../../kernel/socket-options.ts'
import type { Program } from './program.ts'
import type { TcpConnectionOptions } from './tcp-connection.ts'

interface Flag {
  type: 'string' | 'boolean'
  default?: string
  /** May be given again and again. */
  multiple?: true
  /** How the value is called in `--help`. */
  value?: string
  help: string
}
/** A line is read at a glance. */
const ADDRESSES_TOLD_MAX = 8
const ANY_ADDRESS = '0.0.0.0'

type Flags = Record<string, Flag>
type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

export const listenFlags: Flags = {
  host: { type: 'string', default: '127.0.0.1', value: 'ADDRESS', help: 'IPv4 address to listen on' },
  port: { type: 'string', default: '0', value: 'NUMBER', help: 'port to listen on; 0: any free one' },
}

export const connectFlags: Flags = {
  host: { type: 'string', default: '127.0.0.1', value: 'ADDRESS', help: 'IPv4 address of the server' },
  port: { type: 'string', value: 'NUMBER', help: 'port of the server' },
}

export const tcpFlags: Flags = {
  keepalive: { type: 'string', value: 'IDLE/INTERVAL/PROBES', help: 'kernel probes, as in 2000/1000/3 (ms)' },
  'user-timeout': { type: 'string', value: 'MS', help: 'how long data may stay unacknowledged' },
  heartbeat: { type: 'boolean', help: 'PING every second, and judge the peer' },
}

export function listenOptions(values: Values): { host: string; port: number } {
  return { host: ipv4Address(values, 'host'), port: portToListen(values) }
}

export function connectOptions(values: Values): { host: string; port: number } {
  return { host: ipv4Address(values, 'host'), port: integer(values, 'port', 1, 65535) }
}

/** All that were given of a flag that is `multiple`, each as in `127.0.0.1:7000`. */
export function socketAddresses(values: Values, name: string): { host: string; port: number }[] {
  return [values[name] ?? []].flat().map((one) => socketAddress({ [name]: one }, name, 1))
}

/** As in `127.0.0.1:7000`. */
export function socketAddress(values: Values, name: string, portMin: 0 | 1): { host: string; port: number } {
  const [host, port, ...more] = String(values[name]).split(':')
  if (port === undefined || more.length > 0) {
    throw new UsageError(`"--${name}" must be like 127.0.0.1:7000, is "${values[name]}"`)
  }
  return { host: ipv4Address({ [name]: host }, name), port: integer({ [name]: port }, name, portMin, 65535) }
}

export function tcpOptions(values: Values): TcpConnectionOptions {
  if (values['user-timeout'] !== undefined && !canSetUserTimeout()) {
    throw new UsageError('this system has no TCP_USER_TIMEOUT: leave out "--user-timeout"')
  }
  return {
    keepalive: values.keepalive === undefined ? undefined : keepalive(String(values.keepalive)),
    userTimeoutMs: optionalInteger(values, 'user-timeout', 1, 86_400_000),
    heartbeat: values.heartbeat === true,
  }
}

export function optionalInteger(values: Values, name: string, min: number, max: number): number | undefined {
  return values[name] === undefined ? undefined : integer(values, name, min, max)
}

/** 0: any free one. */
export function portToListen(values: Values): number {
  return integer(values, 'port', 0, 65535)
}

function integer(values: Values, name: string, min: number, max: number): number {
  const text = values[name]
  if (text === undefined) throw new UsageError(`"--${name}" is missing`)
  const number = /^\d{1,9}$/.test(String(text)) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`"--${name}" must be a whole number from ${min} to ${max}, is "${text}"`)
}

export function ipv4Address(values: Values, name: string): string {
  const text = String(values[name])
  if (!isIPv4(text)) throw new UsageError(`"--${name}" must be an IPv4 address, is "${text}"`)
  return text
}

/**
 * An address that is told to others, who are to send there: one of this machine's, and not "whichever" (0.0.0.0), for
 * which there is no one to choose.
 */
export function calledAddress(values: Values, name: string): string {
  const address = ipv4Address(values, name)
  if (address !== ANY_ADDRESS) return address
  const cards = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const own = cards.flatMap(({ family, address: one }) => (family === 'IPv4' ? [one] : []))
  const choice =
    own.length === 0 ? 'it has none now' : `it has ${own.slice(0, ADDRESSES_TOLD_MAX).join(', ')}`
  throw new UsageError(
    `"--${name}" is told to others as the place to call, and nobody can call ${ANY_ADDRESS}: say one of this machine's addresses; ${choice}`,
  )
}

function keepalive(text: string): { idleMs: number; intervalMs: number; probes: number } {
  const [, idleMs, intervalMs, probes] =
    /^(\d{1,5}000)\/(\d{1,5}000)\/([1-9]\d?)$/.exec(text)?.map(Number) ?? []
  if (!idleMs || !intervalMs || !probes) {
    throw new UsageError(`"--keepalive" must be like 2000/1000/3, in whole seconds, is "${text}"`)
  }
  return { idleMs, intervalMs, probes }
}

/**
 * Whether this module is the file that node was told to run, and no import of another. Bundled it is
 * part of another file, which is no `.ts`; esbuild's CommonJS even leaves no URL.
 */
export function runsAsFile(moduleUrl: string | undefined): boolean {
  const started = process.argv[1]
  if (!moduleUrl?.endsWith('.ts') || started === undefined || !existsSync(started)) return false
  return fileURLToPath(moduleUrl) === realpathSync(started)
}

export interface ByHand {
  /** What it is called; the file's name without `.ts`, unless `file` says otherwise. */
  name: string
  file?: string
  /** One sentence for `--help`. */
  about: string
  mechanism: string
  flags: Flags
  /** @throws UsageError for values that make no sense */
  start(values: Values, emit: Emitter): Promise<Pick<Program, 'port' | 'close'>>
}

/** Where a lab wants the events of a program in a process of its own: {@link LoggedProgram} as JSON. */
export const EVENT_LOG_VARIABLE = 'STILLHERE_EVENT_LOG'
/** `program` is its name in the log, unlike that of any other program of its host. */
export interface LoggedProgram extends EventLogOptions {
  program: string
}

/** Into a lab's log where one started this program, else to the person who did. */
function programEmitter(name: string): Emitter {
  const wanted = process.env[EVENT_LOG_VARIABLE]
  if (wanted === undefined) return printingEmitter(name)
  const { program, ...options } = JSON.parse(wanted) as LoggedProgram
  return openEventLog(options).emitter(program)
}

export async function runByHand({
  name,
  file = name,
  about,
  mechanism,
  flags,
  start,
}: ByHand): Promise<void> {
  const emit = programEmitter(name)
  let program: Pick<Program, 'port' | 'close'>
  try {
    const values = parse(flags)
    if (values.help) {
      process.stdout.write(helpText(file, about, flags))
      return
    }
    emit('program:started', { node: process.version, mechanisms: [mechanism] })
    program = await start(values, emit)
  } catch (error) {
    const [status, message] = explain(error as NodeJS.ErrnoException)
    process.stderr.write(`${name}: ${printable(message)}\n`)
    process.exitCode = status
    return
  }
  emit('program:ready', { ports: { [mechanism]: program.port } })
  // Once: a second Ctrl-C ends a program at once that does not end in order.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emit('program:stopping', { because: signal })
      void program.close()
    })
  }
}

function parse(flags: Flags): Values {
  const options = { ...flags, help: { type: 'boolean' as const } }
  try {
    return parseArgs({ options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new UsageError(problemOfArguments(error), { cause: error })
  }
}

function helpText(file: string, about: string, flags: Flags): string {
  const lines = Object.entries(flags).map(([flag, { value, help, default: preset }]) => {
    const left = `  --${flag}${value ? ` ${value}` : ''}`
    return `${left.padEnd(36)}${help}${preset ? ` (${preset})` : ''}`
  })
  return `${about}\n\nnpx tsx src/programs/${file}.ts [options]\n${lines.join('\n')}\n`
}

function explain(error: NodeJS.ErrnoException): [status: 2 | 3, message: string] {
  if (error instanceof UsageError) return [2, `${error.message}; "--help" lists the options`]
  switch (error.code) {
    case 'EADDRINUSE':
      return [3, `the port is in use (${error.message}): end the program that has it, or choose another`]
    case 'EADDRNOTAVAIL':
      return [3, `this machine does not have that address (${error.message})`]
    case 'EACCES':
      return [3, `the system forbids it (${error.message}): ports below 1024 need rights`]
    case undefined:
      throw error // no system error: a mistake in this program, which deserves its stack
    default:
      return [3, error.message]
  }
}
