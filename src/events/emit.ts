/**
 * How a program writes events: pino, one file a process, one synchronous append an event.
 *
 * Synchronous, so that a process killed by SIGKILL in the next microsecond has lost nothing; a file of
 * its own, so that a slow reader never slows the observed program (a full pipe would).
 */
import { pino } from 'pino'
import { printableJson } from '../foreign/printable.ts'
import type { EventData, EventName } from './vocabulary.ts'

/**
 * Writes events in the name of one program: `name` was observed now, or at the moment `mono` when the
 * observer has a better stamp than its own clock. `groupId` is the connection or session it belongs to.
 */
export type Emitter = <N extends EventName>(
  name: N,
  data: EventData<N>,
  groupId?: string,
  mono?: bigint,
) => void

/** One process's event file. */
export interface EventLog {
  /** The emitter of one program of this process, or of another host on whose behalf it observes. */
  emitter(program: string, onBehalfOf?: { readonly name: string; readonly incarnation: number }): Emitter
}

export interface EventLogOptions {
  /** The file to append to; it is made if it does not exist. */
  file: string
  run: string
  lab: string
  host: string
  incarnation: number
}

/**
 * Opens the event file of this process.
 * @throws what opening the file throws (ENOENT, EACCES, ...)
 */
export function openEventLog(options: EventLogOptions): EventLog {
  let seq = 0
  /** Of the line being written; pino asks for the time without saying for which. */
  let moment: bigint | undefined
  const logger = pino(
    {
      base: { run: options.run, lab: options.lab, pid: process.pid },
      // Our own clock: pino's is too coarse, two events of one millisecond would tie. No leading comma,
      // since the line carries no level that it would have to follow.
      timestamp: () => `"mono":"${moment ?? process.hrtime.bigint()}"`,
      formatters: { level: () => ({}) },
      mixin: () => ({ seq: seq++ }),
    },
    // append opens with O_APPEND; minLength 0 means one write(2) a line.
    pino.destination({ dest: options.file, append: true, sync: true, minLength: 0 }),
  )
  return {
    emitter(program, onBehalfOf) {
      const { name: host, incarnation } = onBehalfOf ?? {
        name: options.host,
        incarnation: options.incarnation,
      }
      const child = logger.child({ host, incarnation, program })
      return (name, data, groupId, mono) => {
        moment = mono
        child.info(groupId === undefined ? { name, data } : { name, group_id: groupId, data })
      }
    },
  }
}

/** For a program started by hand: the same events as lines for people, on standard output. */
export function printingEmitter(program: string): Emitter {
  return (name, data, groupId) => {
    const clock = new Date().toISOString().slice(11, 23)
    const details = Object.entries(data).map(([key, value]) => `${key}=${printableJson(value)}`)
    process.stdout.write(`${[clock, program, groupId ?? '', name, ...details].filter(Boolean).join('  ')}\n`)
  }
}
