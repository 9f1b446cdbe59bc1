/** `npm run forecast`: how long the connections of a running process would believe in a silent peer. */
import { parseArgs } from 'node:util'
import { type Choice, processOfContainer } from '../forecast/choose.ts'
import { NO_RHYTHMS, writeDocument } from '../forecast/document.ts'
import { isForbidden, isGone, isZombie } from '../forecast/gone.ts'
import type { Reading } from '../forecast/read.ts'
import { CONNECTIONS_MAX, PROCESSES_MAX, readAll, readOne, readThese } from '../forecast/read.ts'
import { rhythmWords } from '../forecast/rhythm.ts'
import { tellReading } from '../forecast/tell.ts'
import { watch } from '../forecast/watch.ts'
import { UsageError } from '../foreign/usage.ts'
import { CannotRunError } from '../launcher/launch.ts'
import { ownCommand } from '../project/package.ts'
import { print } from '../text/wrap.ts'
import { parseTime } from '../try/durations.ts'
import { endWithPipe } from '../view/terminal/pipe.ts'
import { styleFor } from '../view/terminal/style.ts'

const HELP = `${ownCommand('forecast', 'WHICH [--watch TIME] [--json] [--plain]')}

How long each connection of running processes would go on believing in a peer that has
fallen silent: while it is idle, while it is sending, and when the peer's program is
frozen. From the options, timers and sysctls in force, with the formula, and which
setting would change it. Linux only.

  --pid N           the process with this id
  --name WORD       processes of this program, or script: postgres, worker.js
  --port N          connections with this port at either end
  --container NAME  processes in this container (asks docker or podman for it)
  --all             all that this user may read: up to ${PROCESSES_MAX} processes,
                    ${CONNECTIONS_MAX} connections
  --watch TIME      looks for that long (30s, 2m) whether data is sent by itself:
                    "sends 2 bytes every 10 s, answered" is a heartbeat of its own
  --json            for programs: stillhere/forecast@1 (src/forecast/README.md)
  --plain           no colours, as in a pipe

It changes nothing: it sends nothing, sets nothing, and stops nobody. To read options
it duplicates the socket's descriptor for a moment (pidfd_getfd), which takes the
rights to debug the process; without them the socket table tells less, and the text
says what is missing.`

interface Request {
  /** null: it is chosen otherwise. */
  pid: number | null
  name: string | undefined
  port: number | undefined
  container: string | undefined
  /** 0: one look. */
  watchMs: number
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
  const choice = await choiceOf(request)
  const { pid, watchMs } = request
  const reading = pid === null ? await readAll(choice) : await readPid(pid)
  const pids = reading.processes.map((one) => one.pid)
  const seen =
    watchMs === 0
      ? { reading, rhythms: NO_RHYTHMS }
      : await watch(reading, () => readThese(pids, choice), watchMs)
  endWithPipe(process.stdout)
  if (request.json) await writeDocument(process.stdout, seen.reading, seen.rhythms)
  else {
    const heartbeats = new Map([...seen.rhythms].map(([of, one]) => [of, rhythmWords(one, watchMs)]))
    process.stdout.write(tellReading(seen.reading, styleFor(process.stdout, request), heartbeats))
  }
  return 0
}

async function choiceOf({ name, port, container }: Request): Promise<Choice> {
  const common = { ...(name === undefined ? {} : { name }), ...(port === undefined ? {} : { port }) }
  if (container === undefined) return common
  const found = await processOfContainer(container)
  if ('problem' in found) throw new CannotRunError(`--container: ${found.problem}`)
  return { ...common, containerPid: found.pid }
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
        `process ${pid} is another user's, or hides itself: sudo ${ownCommand('forecast', `--pid ${pid}`)}`,
      )
    }
    throw error
  }
}

/** @returns null when help is wanted */
function parseRequest(args: readonly string[]): Request | null {
  const { pid, name, port, container, all, watch: time, json, plain, help } = parse(args)
  if (help) return null
  const narrowed = name !== undefined || port !== undefined || container !== undefined
  if (pid === undefined && !all && !narrowed) {
    throw new UsageError(
      'forecast: say which process, --pid N, --name, --port, --container or --all; try --help',
    )
  }
  if (pid !== undefined && (all || narrowed)) {
    throw new UsageError('--pid is one process: leave out --all, --name, --port and --container')
  }
  if (all && narrowed) throw new UsageError('--all chooses nothing: leave it out')
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
    throw new UsageError(`--pid ${pid}: expected the number of a process, such as --pid 4711`)
  }
  if (port !== undefined && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) < 65_536)) {
    throw new UsageError(`--port ${port}: expected a number from 1 to 65535, such as --port 5432`)
  }
  return {
    pid: pid === undefined ? null : Number(pid),
    name,
    port: port === undefined ? undefined : Number(port),
    container,
    watchMs: time === undefined ? 0 : watchTime(time),
    json,
    plain,
  }
}

/** @throws UsageError */
function watchTime(text: string): number {
  const ms = parseTime(text)
  if (ms === null || ms < WATCH_MIN_MS || ms > WATCH_MAX_MS) {
    throw new UsageError(`--watch ${text}: expected a time from 1s to 60m, such as --watch 30s`)
  }
  return ms
}

const WATCH_MIN_MS = 1000
const WATCH_MAX_MS = 3_600_000

function parse(args: readonly string[]) {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  try {
    const options = {
      pid: text,
      name: text,
      port: text,
      container: text,
      watch: text,
      all: flag,
      json: flag,
      plain: flag,
      help: flag,
    } as const
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // Node's message goes on with advice about "--" that does not fit here.
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
    throw new UsageError(`${first}; try --help`)
  }
}
