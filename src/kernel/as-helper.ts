/** What a helper of the lab (captures, cables) does as a process: the other half of `helper-process.ts`. */
import { type EventLog, openEventLog } from '../events/emit.ts'
import type { FromHelper, HelperIdentity } from './helper-process.ts'

/** Who it is, as it was told at its start, and its log. @param name of its event file */
export function helperLog(name: string): { identity: HelperIdentity; log: EventLog } {
  const identity = JSON.parse(process.argv[2] ?? '{}') as HelperIdentity
  const file = `${identity.folder}/events/${name}.1.ndjson`
  return { identity, log: openEventLog({ ...identity, file, host: 'lab', incarnation: 1 }) }
}

/**
 * Says that it runs, then obeys what the lab asks, one thing after the other, and answers each.
 * @param obey what it throws, or rejects with, is the answer too
 * @param stop ends it in order; also called when the lab is gone. Its end is the answer
 */
export function serveLab<Message extends object, Answer>(
  obey: (message: Exclude<Message, { stop: true }>) => Answer | Promise<Answer>,
  stop: () => void,
): void {
  let answered = Promise.resolve()
  process.on('message', (message: Message) => {
    if ('stop' in message) return stop()
    answered = answered.then(async () => {
      try {
        reply({ problem: null, answer: await obey(message as Exclude<Message, { stop: true }>) })
      } catch (error) {
        reply({ problem: error instanceof Error ? error.message : String(error) })
      }
    })
  })
  process.on('disconnect', stop)
  // Ctrl-C in a terminal reaches us too; it is the lab that decides how to end.
  process.on('SIGINT', () => {})
  reply({ problem: null })
}

function reply(message: FromHelper<unknown>): void {
  process.send?.(message, () => {
    // The lab may be gone by now; `disconnect` ends us.
  })
}
