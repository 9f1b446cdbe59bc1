/** What is written to a terminal, as text. */
import { describe, expect, test } from 'vitest'
import type { EventData, EventName, LabEvent } from '../../src/events/vocabulary.ts'
import { containerIdIn } from '../../src/hosts/container.ts'
import type { Comparison } from '../../src/lab/predict.ts'
import type { Style } from '../../src/lab/tale.ts'
import { Board } from '../../src/view/terminal/board.ts'
import { comparisonsText } from '../../src/view/terminal/questions.ts'
import { Screen } from '../../src/view/terminal/screen.ts'
import { styleFor } from '../../src/view/terminal/style.ts'
import { type Scenery, tableLines } from '../../src/view/terminal/table.ts'

const plain = styleFor({}, { plain: true })
const marked = (text: string) => `<${text}>`
const painted: Style = { bold: marked, dim: marked, good: marked, bad: marked, doubtful: marked, columns: 80 }

describe('the table of --play', () => {
  const scenery: Scenery = {
    tier: 'netns',
    asRoot: false,
    enter: '',
    platform: 'linux',
    now: 20_000,
    help: null,
  }
  const ALL = [
    ...['udp', 'udp-heartbeat', 'tcp-idle', 'tcp-keepalive', 'tcp-busy', 'tcp-user-timeout'],
    ...['tcp-heartbeat', 'http-session', 'websocket'],
  ]

  class Play {
    readonly board = new Board(ALL)
    says<N extends EventName>(
      time: number,
      host: string,
      name: N,
      data: EventData<N>,
      group_id?: string,
    ): this {
      const event = {
        time,
        host,
        name,
        data,
        group_id,
        program: 'host',
        pid: 17,
        outerPid: 4712,
        mono: String(time * 1e6),
      }
      this.board.add(event as unknown as LabEvent)
      return this
    }
    believes(
      time: number,
      host: string,
      belief: EventData<'belief:updated'>['new'],
      trigger: EventData<'belief:updated'>['trigger'],
      group = 'tcp-idle:1',
    ): this {
      const certainty = ['heartbeat_missed', 'etimedout'].includes(trigger) ? 'unknown' : 'definite'
      return this.says(time, host, 'belief:updated', { old: 'up', new: belief, trigger, certainty }, group)
    }
    truth(time: number, host: string, truth: EventData<'truth:updated'>['new']): this {
      const because = 'somebody did it'
      return this.says(time, host, 'truth:updated', {
        peer: '',
        old: 'answering',
        new: truth,
        because,
        certainty: 'definite',
      })
    }
    kernel(time: number, host: string, unansweredProbes: number | null, group = 'tcp-idle:1'): this {
      const entry = { state: 'ESTABLISHED', timer: 'none', retransmits: 0, sendQueueBytes: 0 } as const
      const socket = unansweredProbes === null ? null : { ...entry, unansweredProbes, receiveQueueBytes: 0 }
      const data = { local: '', remote: '', old: null, new: socket }
      return this.says(time, host, 'kernel:socket_updated', data, group)
    }
    lines(more: Partial<Scenery> = {}, style = plain): string[] {
      return tableLines(this.board, { ...scenery, ...more }, 80, style)
    }
    row(mechanism: string, more: Partial<Scenery> = {}): string {
      return this.lines(more).find((line) => line.startsWith(`${mechanism} `)) ?? ''
    }
  }
  const connected = () =>
    new Play()
      .says(0, 'lab', 'kernel:sampling_started', { everyMs: 50, because: '' })
      .believes(1000, 'play-b', 'up', 'accepted')
      .believes(1001, 'play-a', 'up', 'connected')
      .kernel(1002, 'play-a', 0)
      .kernel(1003, 'play-b', 0)
      .truth(1100, 'play-a', 'answering')
      .truth(1100, 'play-b', 'answering')

  test('both ends, both kernels, the last change and why', () => {
    expect(connected().row('tcp-idle')).toMatch(/^tcp-idle +up +ESTAB +ESTAB +up +1.0 a connected$/)
  })

  test('a belief in what is not there is marked, and its ghost time runs until it ends', () => {
    const cut = connected().truth(10_000, 'play-a', 'unreachable').truth(10_000, 'play-b', 'unreachable')
    expect(cut.row('tcp-idle')).toMatch(/ !up +ESTAB +10\.0\+ ESTAB +!up/)
    const noticed = cut
      .believes(13_500, 'play-a', 'down', 'heartbeat_missed')
      .believes(14_000, 'play-b', 'down', 'heartbeat_missed')
    expect(noticed.row('tcp-idle')).toMatch(/ down +ESTAB +4\.0 +ESTAB +down +14\.0 b no heartbeat$/)
    // The cable is in again: now it is the doubt that is not true.
    expect(noticed.truth(15_000, 'play-a', 'answering').row('tcp-idle')).toMatch(/ !down +ESTAB/)
  })

  test('after a mend the ghost is marked, and not the end that gave up', () => {
    const mended = connected()
      .truth(10_000, 'play-a', 'unreachable')
      .truth(10_000, 'play-b', 'unreachable')
      .believes(14_000, 'play-a', 'down', 'etimedout')
      .kernel(14_050, 'play-a', null)
      .truth(16_000, 'play-a', 'answering')
      .truth(16_000, 'play-b', 'answering')
    expect(mended.row('tcp-idle')).toMatch(/^tcp-idle +down +- +10\.0\+ ESTAB +!up/)
  })

  test('after a reboot the end that was told nothing is the ghost', () => {
    const rebooted = connected()
      .truth(10_000, 'play-a', 'gone')
      .says(10_001, 'play-b', 'host:process_exited', { code: null, signal: 'SIGKILL' })
      .says(11_000, 'play-b', 'program:started', { node: '', mechanisms: [] })
      .truth(11_500, 'play-a', 'answering')
    expect(rebooted.row('tcp-idle')).toMatch(/^tcp-idle +!up +ESTAB +10\.0\+ - +unknown/)
  })

  test('so it is with a container, of whose process nobody sees the end', () => {
    const restarted = connected()
      .truth(10_000, 'play-a', 'gone')
      .says(11_000, 'play-b', 'program:started', { node: '', mechanisms: [] })
      .truth(11_500, 'play-a', 'answering')
    expect(restarted.row('tcp-idle')).toMatch(/^tcp-idle +!up +ESTAB +10\.0\+ /)
  })

  test('who is gone believes nothing, also where nobody saw a process end', () => {
    expect(connected().truth(10_000, 'play-a', 'gone').row('tcp-idle')).toMatch(/ !up .* ended /)
  })

  test('no command is printed that would strike another: a container is entered first, or there is none', () => {
    const play = connected()
      .says(0, 'lab', 'run:started', {} as EventData<'run:started'>)
      .says(0, 'play-b', 'program:started', { node: '', mechanisms: [] })
    const commands = (more: Partial<Scenery>) =>
      [...play.lines(more), ...play.lines({ ...more, help: 'keys' })].filter((line) =>
        /kill -|nsenter/.test(line),
      )
    const inside = commands({ enter: 'docker exec 3f2a1b2c3d4e' })
    expect(inside.length).toBeGreaterThan(3)
    expect(inside.filter((line) => !line.includes('docker exec 3f2a1b2c3d4e '))).toEqual([])
    expect(commands({ enter: null })).toEqual([])
    expect(play.lines({ enter: null }).join('\n')).toContain('strike by key, in this terminal')
  })

  test('a container is known by the folder that its engine mounts files from', () => {
    const id = '3f2a1b2c3d4e'.padEnd(64, '0')
    const line = `36 35 8:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`
    expect(containerIdIn(line)).toBe('3f2a1b2c3d4e')
    expect(containerIdIn('36 35 8:1 / / rw - ext4 /dev/sda1 rw')).toBeNull()
  })

  test('unanswered probes are counted beside ESTABLISHED: there is no flag', () => {
    expect(connected().kernel(5000, 'play-a', 2).row('tcp-idle')).toMatch(/ESTAB p2 +ESTAB /)
  })

  test('the end of an old connection does not hide the new one', () => {
    const reconnected = connected()
      .believes(6000, 'play-a', 'up', 'connected', 'tcp-idle:2')
      .believes(6000, 'play-b', 'up', 'accepted', 'tcp-idle:2')
      .kernel(6000, 'play-a', 0, 'tcp-idle:2')
      .kernel(6001, 'play-a', null)
    expect(reconnected.row('tcp-idle')).toMatch(/up +ESTAB +ESTAB +up/)
    // Without its half the other end believes in nothing.
    expect(reconnected.kernel(7000, 'play-a', null, 'tcp-idle:2').row('tcp-idle')).toMatch(
      /up +- +13\.0\+ ESTAB +!up/,
    )
  })

  test('a process that ended believes nothing more, and a new one begins anew', () => {
    const killed = connected().says(9000, 'play-b', 'host:process_exited', { code: null, signal: 'SIGKILL' })
    expect(killed.row('tcp-idle')).toMatch(/ESTAB +ended +1\.0 a connected$/)
    killed.says(9500, 'play-b', 'program:started', { node: '', mechanisms: [] })
    expect(killed.row('tcp-idle')).toMatch(/ unknown +1\.0 a connected$/)
  })

  test('80 columns and 24 rows hold it, commands that can be pasted included', () => {
    const play = connected()
      .says(0, 'lab', 'run:started', {} as EventData<'run:started'>)
      .says(0, 'play-a', 'program:started', { node: '', mechanisms: [] })
      .says(0, 'play-b', 'program:started', { node: '', mechanisms: [] })
    const enter = 'docker exec 3f2a1b2c3d4e'
    const pages: Partial<Scenery>[] = [
      {},
      { tier: 'process' },
      { help: 'columns' },
      { help: 'keys' },
      { enter },
      { help: 'keys', enter },
    ]
    for (const lines of pages.map((page) => play.lines(page))) {
      expect(lines.length).toBeLessThanOrEqual(24)
      expect(lines.filter((line) => line.length > 80)).toEqual([])
    }
    // In the table a line that cuts the cable would be a riddle; beside what it does it is none.
    expect(play.lines().join('\n')).not.toContain('nsenter')
    expect(play.lines({ help: 'keys' }).join('\n')).toMatch(
      /cut the cable, silently:\n {2}nsenter .*-t 4712 \\\n +ip link set play-b nomaster/,
    )
    const long = play.says(0, 'lab', 'run:started', {} as EventData<'run:started'>)
    long.board.pids.set('lab', 4_194_304)
    expect(long.lines({ help: 'keys' }).join('\n')).toMatch(/-t 4194304 \\\n +ip link set play-b nomaster/)
  })

  test('? explains each column, on 60 columns too', () => {
    const [heading = ''] = connected()
      .lines()
      .filter((line) => line.startsWith('mechanism'))
    const names = heading.split(/ {2,}/).flatMap((name) => name.split(/ (?=kernel|ghost)/))
    const text = connected().lines({ help: 'columns' }).join('\n')
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(text).toContain(name.split(',')[0]?.replace('kernel b', 'kernel a, b'))
    const narrow = tableLines(connected().board, { ...scenery, help: 'columns' }, 60, plain)
    expect(narrow.filter((line) => line.length > 60)).toEqual([])
    expect(narrow.join(' ').split(/\s+/)).toEqual(text.split(/\s+/))
  })

  test('no word is cut in half on 60 columns, and the keys are told in full', () => {
    const play = connected()
      .says(0, 'lab', 'run:started', {} as EventData<'run:started'>)
      .says(0, 'play-a', 'program:started', { node: '', mechanisms: [] })
      .says(0, 'play-b', 'program:started', { node: '', mechanisms: [] })
    const on = (page: Partial<Scenery>, columns: number) =>
      tableLines(play.board, { ...scenery, ...page }, columns, plain)
    const words = (lines: readonly string[]) => lines.join(' ').trim().split(/\s+/)
    const [table, keys] = [on({}, 60), on({ help: 'keys' }, 60)]
    expect(words(table).filter((word) => word !== 'help' && !words(on({}, 200)).includes(word))).toEqual([])
    expect(table[0]).toMatch(/\? help +q end$/)
    expect(words(keys).filter((word) => word !== '\\')).toEqual(
      words(on({ help: 'keys' }, 200)).filter((word) => word !== '\\'),
    )
    for (const lines of [table, keys]) {
      expect(lines.length).toBeLessThanOrEqual(24)
      expect(lines.filter((line) => line.length > 60)).toEqual([])
    }
  })

  test('what cannot be done here is in brackets, with the reason; colours only repeat what is said', () => {
    const lines = connected().lines({ tier: 'process' }, painted)
    expect(lines.join('\n')).toContain('<(x cut) >')
    expect(lines.join('\n')).toContain('(...): plain processes on loopback have no cable')
    const bare = lines.map((line) => line.replace(/[<>]/g, ''))
    expect(bare).toEqual(connected().lines({ tier: 'process' }))
  })

  test('a message cannot steer the terminal', () => {
    const evil = connected().says(2000, 'lab', 'run:progressed', { message: '\u001b[2Jgone\r\n' })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(evil.lines().join('')).not.toMatch(/[\u0000-\u001f]/)
  })
})

describe('a screen', () => {
  const terminal = () => {
    const written: string[] = []
    const output = {
      columns: 80,
      rows: 3,
      write: (text: string) => written.push(text),
      on() {},
      removeListener() {},
    }
    return { written, screen: new Screen(output as unknown as NodeJS.WriteStream) }
  }

  test('is written line by line where it changed, and not at all where it did not', () => {
    const { written, screen } = terminal()
    screen.open()
    screen.draw(['one', 'two', 'three', 'below the edge'])
    written.length = 0
    screen.draw(['one', 'two!', 'three'])
    expect(written.join('')).toBe('\u001b[2;1H\u001b[2Ktwo!')
    screen.draw(['one', 'two!', 'three'])
    expect(written).toHaveLength(1)
    screen.draw(['one'])
    expect(written.at(-1)).toBe('\u001b[2;1H\u001b[J')
    screen.close()
    screen.close()
    expect(written.at(-1)).toContain('?1049l')
    expect(written).toHaveLength(3)
  })
})

test('a comparison says in words and in a sign what came out', () => {
  const comparison = (verdict: Comparison['verdict'], broken: boolean): Comparison => ({
    question: {
      id: 'q',
      text: 'Does it?',
      cells: [],
      choices: [],
      answer: () => ({ choice: null, observed: '', checks: [], explanation: '' }),
    },
    predicted: { id: 'a', text: 'it does' },
    observed: { id: 'b', text: 'it does not' },
    verdict,
    answer: {
      choice: 'b',
      observed: 'nothing came',
      checks: [],
      explanation: 'Nobody sends. '.repeat(20).trim(),
    },
    checks: [
      {
        ...{ id: 'cut/udp/detected', claim: '', formula: '', expected: { value: null }, because: '' },
        ...{
          observed: { value: 4419, unit: 'ms' },
          verdict: broken ? 'fail' : 'pass',
          source: '',
          evidence: [],
        },
      },
    ],
  })
  const text = comparisonsText([comparison('wrong', false), comparison('right', true)], plain)
  expect(text).toContain(
    'you said  it does\n    observed  it does not\n              nothing came\n              cut/udp/detected: 4.42 s',
  )
  expect(text).toContain('[x]       It went another way.')
  expect(text).toContain('[=]       As you predicted.')
  expect(text.match(/careful/g)).toHaveLength(1)
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
})
