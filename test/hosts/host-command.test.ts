import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { EventName } from '../../src/events/vocabulary.ts'
import type { Host } from '../../src/hosts/host.ts'
import { CommandNotStartedError, type CommandOptions, HostCommand } from '../../src/hosts/host-command.ts'

const host: Host = {
  name: 'one-b',
  pair: 'one',
  address: '127.0.0.1',
  address6: null,
  commandPrefix: [],
  incarnation: 1,
  process: null,
}

function start(argv: string[], options: Omit<CommandOptions, 'name'> = {}) {
  const events: [EventName, unknown][] = []
  const command = HostCommand.start(host, argv, { name: 'own', ...options }, (name, data) =>
    events.push([name, data]),
  )
  return { command, events }
}

describe('a command on a host', () => {
  test('what it prints is an event, line by line, and so are its start and end', async () => {
    const { command, events } = start(['sh', '-c', 'echo "$WORD"; echo two >&2; exit 3'], {
      environment: { WORD: 'one' },
    })
    const { pid, exited } = await command
    expect(await exited).toEqual({ code: 3, signal: null })
    await expect.poll(() => events.length).toBe(4)
    expect(events[0]).toEqual([
      'command:started',
      { argv: ['sh', '-c', 'echo "$WORD"; echo two >&2; exit 3'], processId: pid },
    ])
    expect(events).toContainEqual(['command:said', { stream: 'stdout', line: 'one' }])
    expect(events).toContainEqual(['command:said', { stream: 'stderr', line: 'two' }])
    expect(events).toContainEqual(['command:ended', { code: 3, signal: null }])
  })

  test('waits for a line, before or after it came', async () => {
    const command = await start(['sh', '-c', 'sleep 0.1; echo ready on 7; sleep 5']).command
    expect(await command.untilLine(/ready on \d/, { withinMs: 2000 })).toBe('ready on 7')
    expect(await command.untilLine(/ready/, { withinMs: 1 })).toBe('ready on 7')
    await expect(command.untilLine(/never/, { withinMs: 10 })).rejects.toThrow(/did not print .*ready on 7/)
    expect(await command.end()).toEqual({ code: null, signal: 'SIGTERM' })
  })

  test('says that it ended instead', async () => {
    const command = await start(['sh', '-c', 'echo no such file; exit 1']).command
    const why = /ended before it printed \/ready\/; it said: no such file/
    await expect(command.untilLine(/ready/, { withinMs: 2000 })).rejects.toThrow(why)
    await expect(command.untilLine(/ready/, { withinMs: 2000 })).rejects.toThrow(why)
  })

  test('one that ignores SIGTERM is ended all the same', async () => {
    const command = await start(['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done']).command
    await command.untilLine(/up/, { withinMs: 2000 })
    expect(await command.end()).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('lines end as they do on terminals, and none is longer than a log can bear', async () => {
    const script = "printf 'a\\rb\\r\\nc\\n\\nd'; head -c 100000 /dev/zero | tr '\\0' x"
    const { command, events } = start(['sh', '-c', script])
    await (await command).exited
    const lines = () =>
      events.flatMap(([name, data]) => (name === 'command:said' ? [(data as { line: string }).line] : []))
    await expect.poll(lines).toHaveLength(5)
    expect(lines().slice(0, 4)).toEqual(['a', 'b', 'c', ''])
    expect(lines()[4]).toMatch(/^dx{1999}$/)
  })

  test('what floods the log is read on and no longer logged', async () => {
    const { command, events } = start(['sh', '-c', 'seq 20000; echo ready'])
    expect(await (await command).untilLine(/ready/, { withinMs: 5000 })).toBe('ready')
    const lines = events.filter(([name]) => name === 'command:said')
    expect(lines).toHaveLength(5000)
    expect(lines.at(-1)?.[1]).toMatchObject({ line: '(5000 lines: what follows is not logged)' })
  })

  test('behind a flood it logs what somebody waits for', async () => {
    const { command, events } = start(['sh', '-c', 'seq 6000; echo lost it; seq 10'], { telling: [/^lost/] })
    await (await command).exited
    const lines = () => events.filter(([name]) => name === 'command:said').map(([, data]) => data)
    await expect.poll(() => lines().at(-1)).toEqual({ stream: 'stdout', line: 'lost it' })
    expect(lines()).toHaveLength(5001)
  })

  test('one that does not exist', async () => {
    await expect(start(['no-such-program']).command).rejects.toThrow(CommandNotStartedError)
  })

  test('of its lines only the wanted ones are logged, and of them the wanted part', async () => {
    const { events, command } = start(['sh', '-c', 'echo noise; echo "page: hello"; echo more'], {
      lines: /^page: (.*)/,
    })
    await (await command).exited
    await expect.poll(() => events.length).toBe(3)
    expect(events.filter(([name]) => name === 'command:said')).toEqual([
      ['command:said', { stream: 'stdout', line: 'hello' }],
    ])
  })

  test('a group: its signals reach what it started, and are logged', async () => {
    const { events, command } = start(['sh', '-c', 'sleep 30 & echo $!; wait'], { isGroup: true })
    const group = await command
    const inner = Number(await group.untilLine(/^\d+$/, { withinMs: 2000 }))
    const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    group.signal('SIGSTOP')
    await expect.poll(() => [group.pid, inner].map(stateOf)).toEqual(['T', 'T'])
    group.signal('SIGKILL')
    await group.exited
    await expect.poll(() => existsSync(`/proc/${inner}`) && stateOf(inner) !== 'Z').toBe(false)
    expect(events).toContainEqual(['command:signalled', { signal: 'SIGSTOP' }])
    // Once it has ended there is nobody to signal.
    group.signal('SIGKILL')
    expect(events.filter(([name]) => name === 'command:signalled').length).toBe(2)
  })
})
