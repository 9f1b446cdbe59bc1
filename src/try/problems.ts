/** What is wrong with somebody's programs, in one line each that says what to try. Pure. */

import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import type { Exit } from '../hosts/host-process.ts'

/** As shells say it: sh(1), "Command Execution". */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** `Error: wrong port`, `node:events: TypeError [ERR_X]: ...`, `fatal: no such host`, `panic: ...`. */
const NAMES_ERROR = /^\s*(?:uncaught )?(?:[\w.:]*error|fatal|panic)\b.*: \S/i
const LAST_LINES_TOLD = 3

/** Where a program waits to be spoken to. */
export interface ListeningPlace {
  protocol: 'TCP' | 'UDP'
  address: string
  /** From the other host. */
  isReachable: boolean
}

/**
 * A program that ended before it talked to anybody.
 * @param places of a client: where the server waits
 */
export function diesAtOnce(
  name: string,
  exit: Exit | null,
  lastLines: readonly string[],
  places: readonly ListeningPlace[] | null,
): string {
  const words = lastWords(lastLines)
  if (exit?.code === NOT_FOUND) {
    return `the ${name}'s command was not found${words}; is it installed, and its folder in PATH?`
  }
  if (exit?.code === NOT_EXECUTABLE) return `the ${name}'s command cannot be executed${words}; try chmod +x`
  const advice =
    places === null
      ? 'does its command run in a terminal of yours?'
      : `the server listens on ${placesWords(places)}, at {server}; if it opens another port later, wait for it with --server-ready`
  return `the ${name} ended ${howWords(exit)} before anybody talked${words}; ${advice}`
}

/** A program that talked, perhaps, and was gone before the fault. */
export function endsTooEarly(name: string, exit: Exit, lastLines: readonly string[]): string {
  return `the ${name} ended ${howWords(exit)} before anything could go wrong${lastWords(lastLines)}; give a command that goes on, such as a loop`
}

function howWords(exit: Exit | null): string {
  return exit?.signal ? `by ${exit.signal}` : `with status ${exit?.code}`
}

function placesWords(places: readonly ListeningPlace[]): string {
  return places.length === 0
    ? 'no port'
    : places.map(({ protocol, address }) => `${protocol} ${address}`).join(' and ')
}

export interface Silence {
  /** Of the server's host. */
  places: readonly ListeningPlace[]
  said: readonly { name: string; lastLine: string | null }[]
  connectWithinMs: number
  ready: string | null
}

/** Programs that did not begin to talk in time. */
export function doNotTalk({ places, said, connectWithinMs, ready }: Silence): string {
  const within = `within ${connectWithinMs / 1000} s`
  const words = said
    .filter(({ lastLine }) => lastLine !== null)
    .map(({ name, lastLine }) => `; the ${name} said last: "${shortened(printable(lastLine ?? ''))}"`)
    .join('')
  const reachable = places.filter((place) => place.isReachable)
  const [hidden] = places
  if (reachable.length === 0 && hidden !== undefined) {
    return `they do not talk ${within}: the server listens on ${hidden.address}, which the client's host cannot reach; have it bind {server} or 0.0.0.0`
  }
  if (ready !== null) return `no program printed --ready ${ready} ${within}${words}`
  if (reachable.length === 0) {
    return `they do not talk ${within}: the server listens on no port${words}; give it more time with --connect-within, or is that a client's command?`
  }
  return `they do not talk ${within}: the server listens on ${placesWords(reachable)}, and no client has connected${words}; a client reaches it at {server}`
}

/** Of what a program printed last: the line that names an error, and else its end. */
function lastWords(lines: readonly string[]): string {
  const error = lines.find((line) => NAMES_ERROR.test(line))
  const telling =
    error !== undefined ? [error] : lines.filter((line) => line.trim() !== '').slice(-LAST_LINES_TOLD)
  return telling.length === 0
    ? ''
    : `; its last words: ${telling.map((line) => `"${shortened(printable(line.trim()))}"`).join(' / ')}`
}
