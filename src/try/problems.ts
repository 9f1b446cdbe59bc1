/** What is wrong with somebody's programs, in one line each that says what to try. Pure. */

import { printable } from '../foreign/printable.ts'
import { shortened } from '../foreign/shortened.ts'
import type { Exit } from '../hosts/host-process.ts'
import { type ListeningPlace, WILDCARDS } from './places.ts'
import type { Family } from './request.ts'

/** As shells say it: sh(1), "Command Execution". */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** `Error: wrong port`, `node:events: TypeError [ERR_X]: ...`, `fatal: no such host`, `panic: ...`. */
const NAMES_ERROR = /^\s*(?:uncaught )?(?:[\w.:]*error|fatal|panic)\b.*: \S/i
const LAST_LINES_TOLD = 3

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

/** `with status 1`, `by SIGKILL`. */
export function howWords(exit: Exit | null): string {
  return exit?.signal ? `by ${exit.signal}` : `with status ${exit?.code}`
}

function placesWords(places: readonly ListeningPlace[]): string {
  return places.length === 0
    ? 'no port'
    : places.map(({ protocol, address }) => `${protocol} ${address}`).join(' and ')
}

/** What one of the programs has printed last; null: nothing. */
export interface LastLine {
  name: string
  lastLine: string | null
}

export interface Silence {
  /** Of the server's host. */
  places: readonly ListeningPlace[]
  said: readonly LastLine[]
  connectWithinMs: number
  ready: string | null
  family: Family
}

/** Programs that did not begin to talk in time. */
export function doNotTalk({ places, said, connectWithinMs, ready, family }: Silence): string {
  const within = `within ${connectWithinMs / 1000} s`
  const words = saidWords(said)
  const reachable = places.filter((place) => place.isReachable)
  const [hidden] = places
  if (reachable.length === 0 && hidden !== undefined) {
    return `they do not talk ${within}: the server listens on ${hidden.address}, which the client's host cannot reach; have it bind {server} or ${WILDCARDS[family]}`
  }
  if (ready !== null) return isNotSaid('--ready', ready, connectWithinMs, said)
  if (reachable.length === 0) {
    return `they do not talk ${within}: the server listens on no port${words}; give it more time with --connect-within, or is that a client's command?`
  }
  return `they do not talk ${within}: the server listens on ${placesWords(reachable)}, and no client has connected${words}; a client reaches it at {server}`
}

/** A line that the run waits for and nobody printed. */
export function isNotSaid(
  option: string,
  pattern: string,
  connectWithinMs: number,
  said: readonly LastLine[],
): string {
  return `no program printed ${option} ${pattern} within ${connectWithinMs / 1000} s${saidWords(said)}; give it more time with --connect-within, or begin its command with stdbuf -oL if it keeps back what it prints`
}

/** What each has said last, behind what went wrong; nothing of those that have said nothing. */
export function saidWords(said: readonly LastLine[]): string {
  return said
    .filter(({ lastLine }) => lastLine !== null)
    .map(({ name, lastLine }) => `; the ${name} said last: "${shortened(printable(lastLine ?? ''))}"`)
    .join('')
}

/** Of what a program printed last: the line that names an error, and else its end. */
export function lastWords(lines: readonly string[]): string {
  const error = lines.find((line) => NAMES_ERROR.test(line))
  const telling =
    error !== undefined ? [error] : lines.filter((line) => line.trim() !== '').slice(-LAST_LINES_TOLD)
  return telling.length === 0
    ? ''
    : `; its last words: ${telling.map((line) => `"${shortened(printable(line.trim()))}"`).join(' / ')}`
}
