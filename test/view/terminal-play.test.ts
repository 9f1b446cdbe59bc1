/** The live table of `--play` on a real terminal. */
import { expect } from 'vitest'
import { start, temporaryFolder } from '../support/cli.ts'
import { onTerminal, startOnTerminal } from '../support/terminal.ts'

const LIMIT_MS = 60_000
const PLAY = ['lab', 'keepalive', '--play', '--hosts', 'process']
const ALTERNATE = '\u001b[?1049h'
const BACK = '\u001b[?1049l'

onTerminal(
  'a key kills the servers, and within a second the table shows it; q gives the terminal back',
  async () => {
    const terminal = startOnTerminal([...PLAY, '--out', temporaryFolder()])
    await terminal.shows('it is your turn')
    expect(terminal.written).toContain(ALTERNATE)
    expect(terminal.written).toMatch(/kill -9 \(-STOP, -CONT\) \d+ {3}host b, the servers/)
    // What this tier cannot do says so, in signs and words and not by its grey alone.
    expect(terminal.written).toContain('(x cut)')
    expect(terminal.written).toContain('plain processes on loopback have no cable')

    const before = terminal.written.length
    const pressedAt = performance.now()
    terminal.press('k')
    await terminal.shows('ended', before)
    await terminal.shows('FIN', before)
    await terminal.shows('its process ended (SIGKILL)', before)
    expect(performance.now() - pressedAt).toBeLessThan(1000)

    terminal.press('x')
    await terminal.shows('cut: not here')
    terminal.press('?')
    await terminal.shows('What the columns say')
    terminal.press('?')
    await terminal.shows('any key: back to the table')
    terminal.press('?')
    terminal.press('q')
    expect(await terminal.ended).toMatchObject({ isRestored: true })
    expect(terminal.written.lastIndexOf(BACK)).toBeGreaterThan(terminal.written.lastIndexOf(ALTERNATE))
    // The report comes after it, where it stays.
    expect(terminal.written.indexOf('checks passed')).toBeGreaterThan(terminal.written.lastIndexOf(BACK))
  },
  LIMIT_MS,
)

onTerminal(
  'the terminal comes back after Ctrl-C, SIGTERM and an exception',
  async () => {
    const endings: ((terminal: ReturnType<typeof startOnTerminal>) => void)[] = [
      (terminal) => terminal.press('\u0003'),
      (terminal) => terminal.signal('SIGTERM'),
      (terminal) => terminal.signal('SIGUSR2'),
    ]
    // A listener that throws: as an error of ours would end this process.
    const broken = 'process.on("SIGUSR2", () => { throw new Error("out of luck") })'
    const preload = `data:text/javascript,${encodeURIComponent(broken)}`
    for (const end of endings) {
      const terminal = startOnTerminal([...PLAY, '--only', 'tcp-idle', '--out', temporaryFolder()], {
        NODE_OPTIONS: `--import ${preload}`,
      })
      await terminal.shows('it is your turn')
      end(terminal)
      expect(await terminal.ended).toMatchObject({ isRestored: true })
      expect(terminal.written.lastIndexOf(BACK)).toBeGreaterThan(terminal.written.lastIndexOf(ALTERNATE))
    }
  },
  LIMIT_MS,
)

onTerminal(
  'in a pipe, with --plain, on a dumb terminal and in CI it is line by line',
  async () => {
    const lines = async (more: string[], environment: NodeJS.ProcessEnv) => {
      const terminal = startOnTerminal(
        [...PLAY, '--only', 'tcp-idle', ...more, '--out', temporaryFolder()],
        environment,
      )
      await terminal.shows('In another terminal, as the same user')
      terminal.signal('SIGINT')
      await terminal.ended
      expect(terminal.written).not.toContain(ALTERNATE)
    }
    await lines(['--plain'], {})
    await lines([], { TERM: 'dumb' })
    await lines([], { CI: 'true' })

    const piped = start([...PLAY, '--only', 'tcp-idle', '--out', temporaryFolder()])
    let shown = ''
    piped.child.stdout?.on('data', (text: string) => {
      shown += text
    })
    await expect.poll(() => shown, { timeout: 15_000 }).toContain('In another terminal')
    piped.child.kill('SIGINT')
    await piped.ended
    expect(shown).not.toContain('\u001b')
  },
  LIMIT_MS,
)
