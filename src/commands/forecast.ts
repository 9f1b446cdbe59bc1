/** `npm run forecast`: how long the connections of a running process would believe in a silent peer. */
import { release } from 'node:os'
import { parseArgs } from 'node:util'
import { isForbidden, isGone, isZombie } from '../forecast/gone.ts'
import type { ConnectionReport, ProcessReport, Reading } from '../forecast/read.ts'
import { CONNECTIONS_MAX, PROCESSES_MAX, readAll, readOne } from '../forecast/read.ts'
import { tellReading } from '../forecast/tell.ts'
import { printableJson } from '../foreign/printable.ts'
import { CannotRunError } from '../launcher/launch.ts'
import { UsageError } from '../plan/options.ts'
import { print } from '../text/wrap.ts'
import { endWithPipe } from '../view/terminal/pipe.ts'
import { styleFor } from '../view/terminal/style.ts'

const HELP = `npm run forecast -- --pid N | --all [--json] [--plain]

How long each connection of a running process would go on believing in a peer that
has fallen silent: while it is idle, while it is sending, and when the peer's program
is frozen. From the options, timers and sysctls in force, with the formula, and which
setting would change it. Linux only.

  --pid N     the process with this id
  --all       every process that this user may read, up to ${PROCESSES_MAX} processes and
              ${CONNECTIONS_MAX} connections
  --json      for programs: stillhere/forecast@1, described in src/forecast/README.md
  --plain     no colours, as in a pipe
  --help      this text

It changes nothing: it sends nothing, sets nothing, and stops nobody. To read options
it duplicates the socket's descriptor for a moment (pidfd_getfd), which takes the
rights to debug the process; without them the socket table tells less, and the text
says what is missing.`

interface Request {
  /** null: all. */
  pid: number | null
  json: boolean
  plain: boolean
}

/**
 * Prints the forecast.
 * @returns exit status 0: a process that was read is told, whatever its connections are like
 * @throws UsageError when there is no such process; CannotRunError when it may not be read, or not on this system
 */
export async function forecastCommand(args: readonly string[]): Promise<number> {
  const request = parseRequest(args)
  if (request === null) {
    print(process.stdout, `${HELP}\n`)
    return 0
  }
  if (process.platform !== 'linux') {
    throw new CannotRunError(`forecast reads Linux's /proc, and this is ${process.platform}: run it on Linux`)
  }
  const reading = request.pid === null ? await readAll() : await readPid(request.pid)
  endWithPipe(process.stdout)
  process.stdout.write(
    request.json
      ? `${printableJson(document(reading), 2)}\n`
      : tellReading(reading, styleFor(process.stdout, request)),
  )
  return 0
}

async function readPid(pid: number): Promise<Reading> {
  try {
    return await readOne(pid)
  } catch (error) {
    if (isGone(error)) {
      throw new UsageError(`there is no process ${pid} (any more); \`ps -e\` lists those there are`)
    }
    if (isZombie(error)) {
      throw new UsageError(`process ${pid} has ended, and is listed until its parent asks how (a zombie)`)
    }
    if (isForbidden(error)) {
      throw new CannotRunError(
        `process ${pid} is another user's, or hides itself: sudo npm run forecast -- --pid ${pid}`,
      )
    }
    throw error
  }
}

/** @returns null when help is wanted */
function parseRequest(args: readonly string[]): Request | null {
  const { pid, all, json, plain, help } = parse(args)
  if (help) return null
  if (pid === undefined && !all) {
    throw new UsageError('forecast: say which process, --pid N, or --all; try --help')
  }
  if (pid !== undefined && all) throw new UsageError('--pid and --all: choose one')
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
    throw new UsageError(`--pid ${pid}: expected the number of a process, such as --pid 4711`)
  }
  return { pid: pid === undefined ? null : Number(pid), json, plain }
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  try {
    const options = { pid: { type: 'string' }, all: flag, json: flag, plain: flag, help: flag } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // Node's message goes on with advice about "--" that does not fit here.
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
    throw new UsageError(`${first}; try --help`)
  }
}

/** As src/forecast/README.md describes it. */
function document({ jiffyMs, processes, leftOut }: Reading) {
  return {
    schema: 'stillhere/forecast@1',
    at: new Date().toISOString(),
    kernel: release(),
    jiffyMs,
    processes: processes.map(processDocument),
    leftOut,
  }
}

function processDocument({ connections, datagrams, ...report }: ProcessReport) {
  return {
    ...report,
    connections: connections.map(connectionDocument),
    datagrams: datagrams.map(({ local, remote }) => ({ local, remote })),
  }
}

function connectionDocument({ local, remote, descriptor, facts, forecast }: ConnectionReport) {
  const { reading, coarseTimeoutMs, ...socket } = facts
  return {
    local,
    remote,
    descriptor,
    ...socket,
    options: reading?.options ?? null,
    retransmissionTimeoutMs: reading?.info.retransmissionTimeoutMs ?? coarseTimeoutMs,
    roundTripMs: reading?.info.roundTripMs ?? null,
    heardAgoMs: reading?.heardAgoMs ?? null,
    ...forecast,
  }
}
