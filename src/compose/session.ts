/**
 * What the containers of one `docker compose up` share, all of it files in one folder: the events, who has
 * which name, and when it began. The folder lives in memory and goes with the last container, so that the
 * next `up` begins anew; the recorder may come and go, and finds everything as it was.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { type EventLog, openEventLog } from '../events/emit.ts'
import { parseForeignJson } from '../foreign/json.ts'
import { ForeignFileError, readRegular } from '../foreign/regular-file.ts'
import { LAB } from './constants.ts'

/** Where docker-compose.yml mounts it. */
export const SESSION_FOLDER = process.env.STILLHERE_SESSION ?? '/session'
/** More clients than anybody can look at; a loop that makes names needs an end. */
const NAMES_MAX = 200
/** Processes a host may have had: somebody who restarts one every minute for a day. */
const INCARNATIONS_MAX = 2000
/** The recorder makes the session; a container that was started without it gives up after this time. */
const SESSION_WITHIN_MS = 15_000
const LOOK_EVERY_MS = 100
/** A hostname, or the session itself. */
const SMALL_BYTES_MAX = 4096

const sessionSchema = v.strictObject({
  run: v.string(),
  /** CLOCK_MONOTONIC in nanoseconds, as a decimal string: the run's time counts from here. */
  beganAt: v.pipe(v.string(), v.regex(/^\d{1,18}$/)),
  startedAt: v.string(),
})
export type Session = v.InferOutput<typeof sessionSchema>

const sessionFile = (folder: string) => join(folder, 'session.json')
export const eventFolder = (folder: string) => join(folder, 'events')

/** Makes the session, or finds the one that is going on. */
export function openSession(folder: string): Session {
  for (const shared of [eventFolder(folder), join(folder, 'names')]) {
    if (existsSync(shared)) continue
    mkdirSync(shared)
    // Containers have users of their own: everybody writes, and nobody replaces what is another's.
    chmodSync(shared, 0o1777)
  }
  const startedAt = new Date().toISOString()
  const stamp = startedAt.slice(0, 19).replaceAll(':', '-')
  const run = `${stamp}-${LAB}-${randomBytes(2).toString('hex')}`
  const fresh: Session = { run, beganAt: String(process.hrtime.bigint()), startedAt }
  return claim(sessionFile(folder), JSON.stringify(fresh)) ? fresh : readSession(folder)
}

/** Waits for the recorder to make the session. @throws Error that says what to do */
export async function joinSession(folder: string): Promise<Session> {
  for (let waited = 0; waited < SESSION_WITHIN_MS; waited += LOOK_EVERY_MS) {
    if (existsSync(sessionFile(folder))) return readSession(folder)
    await delay(LOOK_EVERY_MS)
  }
  throw new Error(`nobody records in ${folder}; start the recorder first: docker compose up -d recorder`)
}

function readSession(folder: string): Session {
  return v.parse(sessionSchema, parseForeignJson(readRegular(sessionFile(folder), SMALL_BYTES_MAX)))
}

/**
 * The name of this container among those of its service: `client-3`. One that is restarted keeps its name; a new
 * one takes the next.
 * @param container its hostname
 * @throws RangeError when there are too many
 */
export function claimName(folder: string, service: string, container: string): string {
  for (let number = 1; number <= NAMES_MAX; number++) {
    const name = `${service}-${number}`
    const file = join(folder, 'names', name)
    if (claim(file, container) || isOf(file, container)) return name
  }
  throw new RangeError(`more than ${NAMES_MAX} containers of ${service} are too many to tell apart`)
}

/** Whether the name was given to this container. Every container writes here, so that anything may be there. */
function isOf(file: string, container: string): boolean {
  try {
    return readRegular(file, SMALL_BYTES_MAX) === container
  } catch (error) {
    if (error instanceof ForeignFileError) return false
    throw error
  }
}

export interface OpenedEvents {
  log: EventLog
  file: string
  incarnation: number
}

/**
 * Opens the event file of a host's next process.
 * @throws RangeError when there were too many
 */
export function openEvents(folder: string, { run }: Session, host: string): OpenedEvents {
  const taken = new Set(readdirSync(eventFolder(folder)))
  for (let incarnation = 1; incarnation <= INCARNATIONS_MAX; incarnation++) {
    const name = `${host}.${incarnation}.ndjson`
    const file = join(eventFolder(folder), name)
    if (taken.has(name) || !claim(file, '')) continue
    return { log: openEventLog({ file, run, lab: LAB, host, incarnation }), file, incarnation }
  }
  throw new RangeError(
    `more than ${INCARNATIONS_MAX} processes of ${host}: docker compose down, and up again`,
  )
}

/** Makes a file that nobody has made yet. @returns whether it was us */
function claim(file: string, text: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o644)
    writeFileSync(descriptor, text)
    closeSync(descriptor)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
