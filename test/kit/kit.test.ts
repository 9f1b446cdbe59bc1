/** A lab as a test has it: opened, struck, closed. The programs are functions, as in somebody's own test. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { LabError, open } from '../../src/kit/index.ts'
import { allGone, descendants } from '../support/cli.ts'
import { describeNeeding } from '../support/needs.ts'
import { runTypeScript } from '../support/process.ts'

const { isolation } = await findCapabilities()

/** Returns what it gets. */
const echo = async () => {
  const { createServer } = await import('node:net')
  createServer((one) => one.on('error', () => {}).pipe(one)).listen(7000)
}

/** Speaks five times a second. Without an answer for a second it says that it is lost; and when it is back. */
const talker = async ({ server }: { server: string }) => {
  const { connect } = await import('node:net')
  const call = () => {
    const socket = connect(7000, server, () => console.log('up'))
    socket.setKeepAlive(true, 2000)
    const timer = setInterval(() => socket.write('.'), 200)
    let patience: NodeJS.Timeout | undefined
    const lost = (why: string) => {
      if (timer.hasRef()) console.log(`lost: ${why}`)
      timer.unref()
      clearInterval(timer)
      clearTimeout(patience)
      socket.destroy()
    }
    const heard = () => {
      clearTimeout(patience)
      patience = setTimeout(lost, 1000, 'no answer')
    }
    socket.on('connect', heard).on('data', heard)
    socket.on('error', ({ message }) => lost(message))
    socket.on('close', () => {
      lost('closed')
      setTimeout(call, 300)
    })
  }
  call()
}

/** What is told of a failed test: each line. */
const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
afterAll(() => errors.mockRestore())

describeNeeding('network namespaces', isolation !== null)('a lab', () => {
  test('talks, is cut, and talks again', async () => {
    await using lab = await open()
    await lab.server.start(echo)
    const client = await lab.client.start(talker)
    await lab.talking()
    expect(await client.says(/up/)).toEqual({ line: 'up', afterMs: null })
    expect(await lab.connections()).toMatchObject([
      {
        remote: `${lab.server.address}:7000`,
        state: 'ESTABLISHED',
        keepalive: true,
        keepaliveIdleMs: 2000,
        server: { local: `${lab.server.address}:7000`, state: 'ESTABLISHED', keepalive: false },
      },
    ])
    const afterMs = await lab.during('cut', async (strike) => {
      expect(strike).toMatchObject({
        promise: expect.stringContaining('port is detached'),
        proof: 'a probe across the switch is no longer answered',
      })
      return (await client.says(/lost/)).afterMs
    })
    // It was up less than a moment before.
    expect(afterMs).toBeGreaterThanOrEqual(500)
    expect(afterMs).toBeLessThan(1500)
    await client.says(/up/)
  })

  test('has what a fault has ended started again', async () => {
    await using lab = await open()
    const server = await lab.server.start(echo)
    const client = await lab.client.start(talker)
    await client.says(/up/)
    await lab.during('kill', async () => {
      expect(await server.ends()).toMatchObject({ code: null, signal: 'SIGKILL' })
      await client.says(/lost/)
    })
    await client.says(/up/)
  })

  test('shows a connection that only one kernel still has', async () => {
    await using lab = await open()
    await lab.server.start(echo)
    await lab.client.start(talker)
    await lab.talking()
    await using reboot = await lab.strike('reboot', { strike: 'client' })
    expect(reboot.proof).toBe('a probe is answered by process number 2 of the host')
    const ofBefore = (await lab.connections()).filter(({ state }) => state === 'CLOSED')
    expect(ofBefore).toMatchObject([{ server: { state: 'ESTABLISHED' } }])
  })

  test('leaves what was seen behind, and says where', async () => {
    const lab = await open()
    const client = await lab.client.start("echo 'hello'; exec sleep 60")
    await client.says(/hello/)
    const failed = await client.says(/goodbye/, { within: '100ms' }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(LabError)
    expect(String(failed)).toBe(
      `LabError: the client has not said /goodbye/ in 0.1 s; the client said last: "hello"\n  what each end saw: ${lab.folder}/report.html`,
    )
    await lab.close()
    expect(readdirSync(lab.folder)).toEqual(
      expect.arrayContaining([
        'report.html',
        'timeline.svg',
        'kit-a.pcapng',
        'kit-b.pcapng',
        'merged.pcapng',
      ]),
    )
    expect(readFileSync(join(lab.folder, 'events.ndjson'), 'utf8')).toContain('"line":"hello"')
    await expect(client.says(/hello/)).rejects.toThrow('the lab is closed')
    await lab.close()
  })

  test('undoes the fault whatever the block throws, and throws that', async () => {
    await using lab = await open()
    await lab.server.start(echo)
    await lab.client.start(talker)
    await lab.talking()
    const thrown = lab.during('cut', () => {
      throw new RangeError('as I said')
    })
    await expect(thrown).rejects.toThrow(new RangeError('as I said'))
    expect(errors.mock.calls.flat().join('')).toContain(`what each end saw: ${lab.folder}/report.html`)
    const undone = readFileSync(join(lab.folder, 'events/lab.1.ndjson'), 'utf8')
    expect(undone).toContain('"fault:undone"')
  })

  test('says what has to be between the hosts, and has it', async () => {
    await using plain = await open()
    await expect(plain.strike('loss')).rejects.toThrow(
      "loss needs a cable between the hosts: open({ between: 'cable' })",
    )
    await using cabled = await open({ between: 'cable' })
    await cabled.during('loss', ({ proof }) => expect(proof).toMatch(/of \d+/))
    await cabled.close()
    // A lost question for an address would have been asked again only a second later.
    const events = readFileSync(join(cabled.folder, 'events.ndjson'), 'utf8')
    expect(events).toMatch(/is at .*"fault:striking"/s)
    await using routed = await open({ between: 'router' })
    await routed.server.start(echo)
    await routed.client.start(talker)
    await routed.talking()
    expect(await routed.connections()).toMatchObject([{ server: { state: 'ESTABLISHED' } }])
    await routed.during('nat-forgets', ({ proof }) => expect(proof).not.toBe(''))
  })

  test('says what is wrong with the programs', async () => {
    await using lab = await open()
    await lab.server.start("echo 'Error: no config' >&2; exit 3")
    await expect(lab.client.start('true')).rejects.toThrow(
      'the server ended with status 3 before anybody talked; its last words: "Error: no config"',
    )
    await using other = await open()
    await other.server.start(echo)
    await other.client.start("echo 'no such user' >&2; exit 1")
    await expect(other.talking()).rejects.toThrow('the client ended with status 1 before anybody talked')
    await expect(other.talking({ within: '5 minutes' })).rejects.toThrow('within: "5 minutes" is no time')
  })

  test('stays apart from others that are open at the same time', async () => {
    const labs = await Promise.all([1, 2, 3].map(() => open()))
    await Promise.all(
      labs.map(async (lab) => {
        await lab.server.start(echo)
        const client = await lab.client.start(talker)
        await client.says(/up/)
      }),
    )
    const [struck, ...others] = labs
    await struck?.during('reset', async () => {})
    for (const lab of others) expect(await lab.connections()).toHaveLength(1)
    await Promise.all(labs.map((lab) => lab.close()))
    expect(new Set(labs.map(({ folder }) => folder)).size).toBe(3)
  })

  test('leaves no process behind when the test is killed', async () => {
    const killed = runTypeScript('test/support/kit-session.ts')
    await killed.untilPrinted(/talking/)
    const all = descendants(killed.child.pid ?? 0)
    // The runner, its capture, two hosts, two programs.
    expect(all.length).toBeGreaterThanOrEqual(6)
    killed.child.kill('SIGKILL')
    expect(await allGone(all, 5000)).toEqual([])
  })
})
