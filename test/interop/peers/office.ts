/**
 * Inside a session: hosts beside each other, with telephones of other people on them, and what was on the wire. Nothing
 * of ours looks at the packets here: what tshark says of them is to be another's word.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openEventLog } from '../../../src/events/emit.ts'
import type { Host } from '../../../src/hosts/host.ts'
import { type CommandOptions, HostCommand } from '../../../src/hosts/host-command.ts'
import { netnsHosts } from '../../../src/hosts/netns.ts'

/** The third host stands beside the second, and is a proxy or another telephone. */
export type Trio = Record<'a' | 'b' | 'c', Host>

/** From a packet's arrival to the moment when dumpcap has it in hand. */
const DUMP_LAG_MS = 500
const START_LIMIT_MS = 20_000
/** How often it is looked whether something is so. */
const LOOK_MS = 50

export async function openOffice<Wish extends { out: string }>() {
  const { folder, change } = JSON.parse(process.argv[2] ?? '{}') as { folder: string; change: { sip: Wish } }
  const wish = change.sip
  const about = { run: 'test', lab: 'test', incarnation: 1 }
  const log = openEventLog({ ...about, file: `${folder}/events/lab.1.ndjson`, host: 'lab' })
  const unwanted = () => Promise.reject(new Error('nothing but a switch is wanted'))
  const unwatched = { wired: async () => {}, translated: async () => {} }
  const hosts = await netnsHosts({}, log, unwatched, { cables: unwanted, switches: unwanted })

  function start(host: Host, argv: readonly string[], options: CommandOptions): Promise<HostCommand> {
    return HostCommand.start(host, argv, options, log.emitter(options.name, host))
  }

  return {
    wish,
    start,
    async trio(name: string): Promise<Trio> {
      const { a, b, c } = await hosts.bootPair({ name, third: true })
      if (c === undefined) throw new Error(`${name} has no third host`)
      return { a, b, c }
    },
    /** An empty folder that is there after the session. */
    folderOf(name: string): string {
      const own = join(wish.out, name)
      mkdirSync(own, { recursive: true })
      return own
    },
    /** Writes what passes a host's network card to a file, until what it returns is called. */
    async dump(host: Host, file: string): Promise<() => Promise<void>> {
      const argv = ['dumpcap', '-q', '-i', 'eth0', '-w', join(wish.out, file)]
      const command = await start(host, argv, { name: 'dumpcap' })
      await command.untilLine(/^File: /, { withinMs: START_LIMIT_MS })
      return async () => {
        await delay(DUMP_LAG_MS)
        await command.end()
      }
    },
    /** Starts a program of ours as a person does, and waits until it is ready. */
    async startOurs(host: Host, program: string, flags: readonly string[]): Promise<HostCommand> {
      const file = fileURLToPath(new URL(`../../../src/programs/${program}.ts`, import.meta.url))
      const argv = [process.execPath, '--import', 'tsx', file, ...flags]
      const command = await start(host, argv, { name: program })
      await command.untilLine(/program:ready/, { withinMs: START_LIMIT_MS })
      return command
    },
    /** What the test gets. All that still runs ends with this process. */
    report(what: unknown): never {
      process.stdout.write(JSON.stringify(what))
      process.exit()
    },
  }
}

export type Office = Awaited<ReturnType<typeof openOffice>>

/** @throws Error when the command ends, or {@link START_LIMIT_MS} pass, before it is so */
export async function until(what: string, command: HostCommand, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS
  while (!isSo()) {
    if (command.exit !== null) throw new Error(`${what}: it ended with ${command.exit.code}`)
    if (performance.now() > deadline) throw new Error(`${what}: not within ${START_LIMIT_MS} ms`)
    await delay(LOOK_MS)
  }
}
