/**
 * `docker compose up`, for real: everything is started, killed, paused, cut off and started again as the page
 * tells a learner to, and what both ends came to believe is held against what was expected. Meanwhile the recorder
 * itself is killed, and nothing may be lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseEvent } from '../../src/events/parse.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Check } from '../../src/lab/checks.ts'
import { Lanes } from '../../src/page/lanes.ts'
import { mechanisms } from '../../src/programs/scripts/host-messages.ts'
import { describeNeeding } from '../support/needs.ts'
import { compose, composeSays, containerOf, docker, hasEngine, inside, volume } from './engine.ts'

const RUN = '/stillhere/runs/latest'
/** Until everybody has noticed who will; longer only where a kernel's patience is waited for. */
const NOTICED_MS = 8000
/** Clients begin again five seconds after they took a connection for dead, and one attempt may just have failed. */
const BACK_MS = 20_000
const IMAGE_BYTES_MAX = 100_000_000
const SERVER = '10.213.2.10'
/** Bytes, of those that need more than the others. */
const MEMORY_MAX: Record<string, number> = { recorder: 2 ** 30, server: 2560 * 2 ** 20 }

describeNeeding('a Docker engine', hasEngine)('docker compose up', () => {
  beforeAll(async () => {
    await composeSays('down', '--volumes', '--remove-orphans')
    await compose('build')
    await compose('up', '-d')
    await untilAllUp(1)
  })

  afterAll(async () => {
    await composeSays('down', '--volumes', '--remove-orphans')
    const left = await docker('ps', '-aq', '--filter', 'ancestor=stillhere')
    expect(left.stdout).toBe('')
  })

  test('the image is no more than 100 MB above its base', async () => {
    const size = async (image: string) =>
      Number((await docker('image', 'inspect', '-f', '{{.Size}}', image)).stdout)
    expect((await size('stillhere')) - (await size('node:24-bookworm-slim'))).toBeLessThan(IMAGE_BYTES_MAX)
  })

  test('the page answers on loopback, and tells nothing to who has no token', async () => {
    const url = /http:\/\/127\.0\.0\.1:8080\/#token=(\S+)/.exec(await compose('logs', 'recorder'))
    expect((await fetch('http://127.0.0.1:8080/')).status).toBe(200)
    expect((await fetch('http://127.0.0.1:8080/api/setup')).status).toBe(401)
    const headers = { 'x-stillhere-token': url?.[1] ?? '' }
    const setup = await fetch('http://127.0.0.1:8080/api/setup', { headers })
    expect(setup.status).toBe(200)
    const acts = (await (await fetch('http://127.0.0.1:8080/api/acts', { headers })).json()) as {
      command: string
      expected: Record<string, { words: string }>
    }[]
    const pause = acts.find(({ command }) => command === 'docker compose pause server')
    expect(pause?.expected['tcp-keepalive']?.words).toBe('nothing')
    expect(pause?.expected['tcp-heartbeat']?.words).toMatch(
      /^down after 2\.\d \.\. \d\.\d s \(heartbeat missed\)/,
    )
    const published = await docker('port', await containerOf('recorder'))
    expect(published.stdout.trim()).toBe('8080/tcp -> 127.0.0.1:8080')
  })

  test('no more rights than it needs', async () => {
    const inspect = async (service: string, format: string) =>
      (await docker('inspect', '-f', format, await containerOf(service))).stdout.trim()
    for (const service of ['server', 'client', 'recorder', 'router']) {
      expect(await inspect(service, '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}')).toBe(
        'true [ALL]',
      )
      expect(await inspect(service, '{{.HostConfig.Privileged}}')).toBe('false')
      expect(await inspect(service, '{{.Mounts}}')).not.toContain('docker.sock')
      const caps = await inspect(service, '{{.HostConfig.CapAdd}}')
      expect(caps).toBe(service === 'router' ? '[NET_ADMIN]' : '[]')
      const [memory, processes] = (await inspect(service, '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}'))
        .split(' ')
        .map(Number)
      expect([service, memory]).toEqual([service, MEMORY_MAX[service] ?? 512 * 2 ** 20])
      expect(processes).toBe(128)
    }
  })

  describe('strikes, each held against what is expected of it', () => {
    test('pause, which the kernel hides', async () => {
      const checks = await struck(
        () => compose('pause', 'server'),
        () => compose('unpause', 'server'),
      )
      expect(observed(checks, 'tcp-keepalive')).toBeNull()
      // Nobody told the lab: it counts from the moment at which it could be sure.
      expect(observed(checks, 'tcp-heartbeat')).not.toBeNull()
      expect(await lastTruth()).toMatchObject({ new: 'answering' })
    })

    test('kill, while the recorder is dead too', async () => {
      await untilAllUp(1)
      await compose('kill', 'recorder')
      const checks = await struck(
        () => compose('kill', 'server'),
        async () => {
          await compose('start', 'recorder')
          await compose('start', 'server')
        },
      )
      expect(observed(checks, 'tcp-idle')).toBeLessThan(1000)
    })

    test('stop', async () => {
      await untilAllUp(1)
      const checks = await struck(
        () => compose('stop', 'server'),
        () => compose('start', 'server'),
      )
      expect(observed(checks, 'websocket')).toBeLessThan(1000)
    })

    test('restart', async () => {
      await untilAllUp(1)
      const checks = await struck(
        () => compose('restart', 'server'),
        async () => '',
      )
      expect(observed(checks, 'tcp-idle')).toBeLessThan(1000)
    })

    test('disconnect, announced, and so for certain', async () => {
      await untilAllUp(1)
      const container = await containerOf('server')
      const checks = await struck(
        async () => {
          await inside('recorder', 'announce', 'disconnect', 'server')
          await docker('network', 'disconnect', 'stillhere-inside', container)
          await inside('recorder', 'announce', 'returned', 'disconnect', 'server')
        },
        () => docker('network', 'connect', '--ip', SERVER, 'stillhere-inside', container),
      )
      expect(observed(checks, 'tcp-idle')).toBeNull()
      expect(observed(checks, 'tcp-keepalive')).toBeGreaterThan(1000)
      const truth = (await truths()).findLast(({ data }) => data.new === 'unreachable')
      expect(truth?.data).toMatchObject({
        certainty: 'definite',
        because: 'somebody typed it: disconnect server',
      })
    })

    test('the router’s own cut', async () => {
      await untilAllUp(1)
      const checks = await struck(
        () => inside('router', 'strike', 'cut'),
        () => inside('router', 'strike', 'mend'),
      )
      expect(observed(checks, 'tcp-idle')).toBeNull()
      expect(observed(checks, 'tcp-keepalive')).toBeGreaterThanOrEqual(3000 - 10)
    })

    test('the router’s death: nobody is told, and both ends are well', async () => {
      await untilAllUp(1)
      const checks = await struck(
        () => compose('kill', 'router'),
        () => compose('start', 'router'),
      )
      expect(observed(checks, 'tcp-idle')).toBeNull()
    })

    test('kill of the client: the server is told, too', async () => {
      await untilAllUp(1)
      const checks = await struck(
        () => compose('kill', 'client'),
        () => compose('start', 'client'),
      )
      expect(observed(checks, 'tcp-keepalive')).toBeLessThan(1000)
      // It outlived the router without a word, and was over all the same: nothing passes the new one.
      const idle = checks.find(({ id }) => id.includes('/tcp-idle/') && id.endsWith('-detected'))
      expect(idle).toMatchObject({
        verdict: 'skipped',
        because: 'the router had forgotten this connection before',
      })
    })
  })

  test('a router that forgets: who speaks keeps its place, who is silent loses it and is not told', async () => {
    await untilAllUp(1)
    await inside('router', 'strike', 'limit', '4')
    await compose('restart', 'client')
    await delay(9000)
    const known = (mechanism: string) =>
      events().then((all) =>
        all.findLast(
          ({ name, data }) =>
            name === 'router:mapping_updated' &&
            data.server.endsWith(`:${7001 + mechanisms.indexOf(mechanism as never)}`),
        ),
      )
    expect((await known('tcp-idle'))?.data).toMatchObject({ isKnown: false })
    expect((await known('tcp-heartbeat'))?.data).toMatchObject({ isKnown: true })
    const all = await events()
    const idle = (host: string) =>
      all.findLast(
        (event) =>
          event.name === 'belief:updated' && event.host === host && event.group_id?.startsWith('tcp-idle:'),
      )
    expect(idle('client-1-a')?.data).toMatchObject({ new: 'up' })
    expect(idle('client-1-b')?.data).toMatchObject({ new: 'up' })
    await inside('router', 'strike', 'limit', 'off')
    await compose('restart', 'client')
  })

  test('who spoke before the router had its rules is translated all the same', async () => {
    await untilAllUp(1)
    // A router that has started, and does not know yet what it is to do; its clients do not wait for that.
    await inside('router', 'nft', 'delete', 'table', 'ip', 'stillhere')
    await inside('router', 'conntrack', '-F')
    const remembered = async () =>
      (await docker('exec', await containerOf('router'), 'conntrack', '-L', '-p', 'udp')).stdout
    await expect
      .poll(remembered, { timeout: BACK_MS })
      .toMatch(/dport=7002 .*dport=7002|dport=7002 \[UNREPLIED\]/)
    await inside('router', 'strike', 'limit', 'off')
    await untilAllUp(1)
  })

  test('the engine’s own events make it certain, to the millisecond', async () => {
    await untilAllUp(1)
    const container = await containerOf('client')
    const since = String(Math.floor(Date.now() / 1000))
    await compose('pause', 'client')
    await delay(1000)
    await compose('unpause', 'client')
    const told = await docker(
      'events',
      '--since',
      since,
      '--until',
      String(Math.ceil(Date.now() / 1000)),
      '--format',
      '{{json .}}',
    )
    await tellEngine(told.stdout)
    const reported = (await events()).filter(({ name }) => name === 'container:reported')
    expect(reported.map(({ data }) => data)).toContainEqual({
      container: container.slice(0, 12),
      action: 'pause',
    })
  })

  test('wrong words are answered with the right ones', async () => {
    const cut = await composeSays('exec', '-T', 'router', 'strike', 'cutt')
    expect(cut.stderr).toContain('"cutt" is not understood')
    expect(cut.stderr).toContain('usage: strike cut | mend')
    const said = await composeSays('exec', '-T', 'recorder', 'announce', 'pause', 'everything')
    expect(said.stderr).toContain('there is no "pause everything"')
  })

  test('not a single event was lost, whoever was killed, and everything is in the one log', async () => {
    const files = (await inside('recorder', 'sh', '-c', 'cd /session/events && ls')).trim().split('\n')
    expect(files.filter((file) => file.startsWith('server.')).length).toBeGreaterThanOrEqual(4)
    const written = new Map<string, string[]>()
    for (const file of files) {
      const text = await inside('recorder', 'cat', `/session/events/${file}`)
      written.set(file, text.slice(0, text.lastIndexOf('\n')).split('\n'))
    }
    // Whatever was there by now is in the log a moment later.
    await delay(2000)
    const logged = new Set(await rawEvents())
    let compared = 0
    for (const [file, lines] of written) {
      const seqs = lines.map((line) => {
        const event = parseEvent(line)
        expect(event, `${file}: ${line}`).not.toHaveProperty('problem')
        return (event as LabEvent).seq
      })
      expect(seqs, file).toEqual(seqs.map((_, index) => index))
      for (const line of lines) {
        const { mono, pid, seq } = JSON.parse(line) as LabEvent
        if (!logged.has(`${mono} ${pid} ${seq}`))
          throw new Error(`the log has not this line of ${file}: ${line}`)
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(1000)
  })

  test('twenty clients, every one a lane of its own', async () => {
    await compose('up', '-d', '--scale', 'client=20')
    try {
      await untilAllUp(20)
      await inside('router', 'strike', 'cut')
      await delay(NOTICED_MS)
      await inside('router', 'strike', 'mend')
      const known = new Set(
        (await events()).map(({ host }) => /^(client-\d+)-a$/.exec(host)?.[1]).filter(Boolean),
      )
      expect(known.size).toBe(20)
      await delay(1500)
      const checks = await newestChecks()
      const idle = checks.filter(({ id }) => /\/tcp-idle\/\d+-cut-detected$/.test(id))
      expect(new Set(idle.map(({ id }) => id.split('/')[0])).size).toBe(20)
      expect(idle.map(({ verdict }) => verdict)).toEqual(idle.map(() => 'pass'))
    } finally {
      // Also when it failed: the next tests are of one client.
      await compose('up', '-d', '--scale', 'client=1')
    }
  }, 240_000) // Twenty containers start one after the other, and end so.

  test('everything stops in order, by itself, before the engine would kill it', async () => {
    for (const service of ['client', 'server', 'router', 'recorder']) {
      await docker('stop', await containerOf(service))
      // Who is killed ends with 137.
      const { stdout } = await docker('inspect', '-f', '{{.State.ExitCode}}', await containerOf(service))
      expect(stdout.trim(), service).toBe('0')
    }
  })

  test('the whole lab runs inside one container, as it runs anywhere', async () => {
    const said = await composeSays(
      'run',
      '--rm',
      '-T',
      'lab',
      'keepalive',
      '--json',
      '--only',
      'cut,freeze,reboot,kill',
    )
    const report = JSON.parse(said.stdout.slice(said.stdout.indexOf('{'))) as {
      tier: string
      checks: Check[]
    }
    expect(report.tier).toBe('netns')
    expect(report.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive')).toEqual(
      [],
    )
    expect(said.status).toBe(0)
  }, 180_000)
})

/** Everybody believes in everybody, at both ends. */
async function untilAllUp(clients: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const all = await states()
      const up = all.filter(({ belief }) => belief === 'up').length
      const others = all.flatMap(({ end, belief }) => (belief === 'up' ? [] : [`${end} ${belief}`]))
      expect(up, others.join(', ')).toBeGreaterThanOrEqual(clients * (2 * mechanisms.length - 1))
    },
    { timeout: 60_000, interval: 1000 },
  )
  // Round trips are measured, and options read.
  await delay(2500)
}

/** The newest belief of each end of each connection; the UDP client holds none. */
async function states(): Promise<{ end: string; belief: string }[]> {
  const lanes = new Lanes(mechanisms)
  for (const event of await events()) lanes.take(event)
  return lanes.all.flatMap(({ pair, board }) =>
    [...board.rows].flatMap(([mechanism, { a, b }]) => [
      { end: `${pair}-a ${mechanism}`, belief: a.belief },
      { end: `${pair}-b ${mechanism}`, belief: b.belief },
    ]),
  )
}

/** Strikes, waits, undoes it; @returns the checks of this strike */
async function struck(strike: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<Check[]> {
  const before = new Set((await newestChecks()).map(({ id }) => id))
  await strike()
  await delay(NOTICED_MS)
  await undo()
  await expect
    .poll(async () => (await newestChecks()).filter(({ id }) => !before.has(id)).length, { timeout: BACK_MS })
    .toBeGreaterThan(0)
  const checks = (await newestChecks()).filter(({ id }) => !before.has(id))
  expect(checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
  return checks
}

function observed(checks: readonly Check[], mechanism: string): number | string | null | undefined {
  const check = checks.find(({ id }) => id.includes(`/${mechanism}/`) && id.endsWith('-detected'))
  expect(check?.verdict, JSON.stringify(check)).toBe('pass')
  return check?.observed.value
}

async function newestChecks(): Promise<Check[]> {
  const report = `${RUN}/report.json`
  const asked = await docker('exec', await containerOf('recorder'), 'cat', report)
  const runs = `${volume('runs')}:/stillhere/runs:ro`
  // The recorder may be dead at this moment; what it left is in the volume.
  const left = () => docker('run', '--rm', '-v', runs, 'stillhere', 'cat', report)
  const { stdout } = asked.status === 0 ? asked : await left()
  return stdout === '' ? [] : (JSON.parse(stdout) as { checks: Check[] }).checks
}

async function events(): Promise<LabEvent[]> {
  const text = await inside('recorder', 'cat', `${RUN}/events.ndjson`)
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LabEvent)
}

async function rawEvents(): Promise<string[]> {
  return (await events()).map(({ mono, pid, seq }) => `${mono} ${pid} ${seq}`)
}

async function truths() {
  return (await events()).filter((event) => event.name === 'truth:updated')
}

async function lastTruth() {
  return (await truths()).findLast(({ host }) => host === 'client-1-a')?.data
}

async function tellEngine(lines: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const container = await containerOf('recorder')
  await new Promise<void>((resolve) => {
    const child = spawn('docker', ['exec', '-i', container, 'engine'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.once('close', () => resolve())
    child.stdin.end(lines)
  })
  await delay(500)
}
