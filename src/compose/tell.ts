/**
 * Tells the recorder what nobody else can know for certain. Runs in the recorder's container:
 *
 *     docker compose exec -T recorder announce pause server          before the command is typed
 *     docker compose exec -T recorder announce returned pause server after it has returned
 *     docker events --format '{{json .}}' | docker compose exec -T recorder engine
 */
import { createInterface } from 'node:readline'
import { printable } from '../foreign/printable.ts'
import { acts } from './acts.ts'
import { parseEngineEvent } from './engine-events.ts'
import { joinSession, openEvents, SESSION_FOLDER } from './session.ts'

/** A line of the engine's has about a thousand characters. */
const LINE_LENGTH_MAX = 65_536
/** If a file of something else is piped in, that is said once, and not for ever. */
const STRANGE_LINES_MAX = 100

const [how, ...words] = process.argv.slice(2)
void (how === 'engine' ? engine() : announce(words)).then((status) => {
  process.exitCode = status
})

async function announce(words: readonly string[]): Promise<number> {
  const isBack = words[0] === 'returned'
  const act = words.slice(isBack ? 1 : 0).join(' ')
  if (!acts.some(({ id }) => id === act.replace(/-\d+$/, ''))) {
    const known = acts.map(({ id }) => id).join(', ')
    process.stderr.write(`announce: there is no "${printable(act)}"; there are ${known}\n`)
    return 2
  }
  const { log } = openEvents(SESSION_FOLDER, await joinSession(SESSION_FOLDER), 'learner')
  log.emitter('announce')('container:announced', {
    act,
    phase: isBack ? 'returned' : 'begins',
  })
  return 0
}

async function engine(): Promise<number> {
  const { log } = openEvents(SESSION_FOLDER, await joinSession(SESSION_FOLDER), 'engine')
  const emit = log.emitter('engine')
  // Two clocks of one kernel: read right after one another, they tell by how much they differ.
  const aheadNs =
    BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)) - process.hrtime.bigint()
  process.stderr.write('engine: what the engine says is taken as true; Ctrl-C ends it\n')
  let strange = 0
  for await (const line of createInterface({ input: process.stdin })) {
    const event = line.length > LINE_LENGTH_MAX ? null : parseEngineEvent(line)
    if (event !== null) {
      const { container, action, atNs } = event
      emit('container:reported', { container, action }, undefined, atNs - aheadNs)
    } else if (!line.startsWith('{') && ++strange > STRANGE_LINES_MAX) {
      process.stderr.write("engine: this is not what docker events --format '{{json .}}' prints\n")
      return 2
    }
  }
  return 0
}
