/** Games of `--play`, as somebody with a keyboard and a second terminal plays them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Report } from '../../src/lab/report.ts'
import { temporaryFolder } from './cli.ts'
import { startOnTerminal } from './terminal.ts'

/** What somebody types in another terminal, by a name that is no key. */
const SIGNALS: Record<string, NodeJS.Signals> = { kill: 'SIGKILL', stop: 'SIGSTOP', cont: 'SIGCONT' }

/**
 * Plays a game to its end by `q`.
 * @param game acts and pauses in seconds: `f 9 c 3`; `kill-b`, `stop-a` and `cont-a` come from another terminal
 */
export async function playGame(game: string, more: readonly string[] = []): Promise<Report> {
  const out = temporaryFolder()
  const terminal = startOnTerminal(['lab', 'keepalive', '--play', '--out', out, ...more])
  await terminal.shows('it is your turn')
  const [run = ''] = readdirSync(out)
  for (const word of game.split(' ')) {
    const [signal = '', host] = word.split('-')
    if (/^[\d.]+$/.test(word)) await delay(Number(word) * 1000)
    else if (host === undefined) terminal.press(word)
    else signalIfThere(newestPid(join(out, run), `play-${host}`), SIGNALS[signal])
  }
  terminal.press('q')
  await terminal.ended
  return JSON.parse(readFileSync(join(out, run, 'report.json'), 'utf8')) as Report
}

/** A process that has ended cannot be struck: whoever types it is told so. */
function signalIfThere(pid: number, signal: NodeJS.Signals | undefined): void {
  const commandLine = `/proc/${pid}/cmdline`
  // Its number may be another's by now.
  if (!existsSync(commandLine) || !readFileSync(commandLine, 'utf8').includes('eventFile')) return
  process.kill(pid, signal)
}

/** As this machine sees it. */
function newestPid(folder: string, host: string): number {
  const events = readFileSync(join(folder, 'events.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"program:started"'))
    .map((line) => JSON.parse(line) as LabEvent)
    .filter((event) => event.host === host && event.program === 'host')
  const newest = events.at(-1)
  if (newest === undefined) throw new Error(`no process of ${host} in ${folder}`)
  return newest.outerPid ?? newest.pid
}
