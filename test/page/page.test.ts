/** The page's server over real HTTP and WebSockets, as a browser, a stranger, and a slow browser meet it. */
import { once } from 'node:events'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { argumentsOf } from '../../src/page/choice.ts'
import { EventStore } from '../../src/page/event-store.ts'
import { Feed, UNSENT_BYTES_MAX, type Watched } from '../../src/page/feed.ts'
import { type Batch, type Choice, SUBPROTOCOL, TOKEN_HEADER } from '../../src/page/messages.ts'
import { openPage } from '../../src/page/server.ts'
import { parseLabOptions } from '../../src/plan/options.ts'
import { impossibleActions, impossibleCases } from '../../src/plan/possible.ts'
import { allGone, descendants, temporaryFolder } from '../support/cli.ts'
import { testNeeding } from '../support/needs.ts'
import { runNode } from '../support/process.ts'
import {
  Listener,
  labs,
  pageUnderTest,
  requestText,
  send,
  sendRaw,
  someEvents,
  statusOf,
  upgrade,
} from './support.ts'

const CHOICE: Choice = {
  lab: 'keepalive',
  play: true,
  predict: true,
  hosts: 'process',
  strike: 'server',
  cases: keepalive.cases.map(({ id }) => id),
  mechanisms: [...keepalive.mechanisms],
}
const onLinux = testNeeding('Linux, whose /proc lists processes', process.platform === 'linux')
const EVIL = 'http://evil.example'

describe('the locks', () => {
  test('the page is served to whoever knows its right name, and told to run nothing else', async () => {
    const { ask, host } = await pageUnderTest()
    const { status, headers, body } = await ask('/', { host })
    expect(status).toBe(200)
    expect(body).toContain('<title>stillhere</title>')
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    )
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(Object.keys(headers).filter((name) => /access-control|set-cookie|powered/.test(name))).toEqual([])
    expect((await ask('/main.js', { host })).headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect((await ask('/page.css', { host })).headers['content-type']).toBe('text/css; charset=utf-8')
  })

  test('the token has 192 bits and is another at each start', async () => {
    const [one, other] = [await pageUnderTest(), await pageUnderTest()]
    expect(Buffer.from(one.token, 'base64url')).toHaveLength(24)
    expect(one.token).not.toBe(other.token)
  })

  test('a name that is not ours gets nothing', async () => {
    const { rightHeaders, port, token } = await pageUnderTest()
    const names = [
      ...['127.0.0.1', 'localhost', '127.0.0.1:1', '127.0.0.1:0', `127.0.0.1:0${port}`, `127.0.0.1:${port}0`],
      ...['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', `user@127.0.0.1`, '*', '.'].map(
        (name) => `${name}:${port}`,
      ),
      // Other ways to write 127.0.0.1, and what else leads to this machine.
      ...['127.1', '2130706433', '0x7f000001', '017700000001', '127.0.0.1.', '127.0.0.2', '0.0.0.0'].map(
        (name) => `${name}:${port}`,
      ),
      ...['[::1]', '[::ffff:127.0.0.1]', 'localhost.', 'LOCALHOST'].map((name) => `${name}:${port}`),
      ...[`http://127.0.0.1:${port}`, `127.0.0.1:${port}/`, `127.0.0.1:${port},evil.example`, ''],
    ]
    const lines = [`Origin: ${rightHeaders.origin}`, `${TOKEN_HEADER}: ${token}`]
    for (const name of names) {
      for (const path of ['/', '/main.js', '/api/setup', '/nothing']) {
        const answer = await sendRaw(port, requestText(`GET ${path}`, [`Host: ${name}`, ...lines]))
        expect([name, statusOf(answer)]).toEqual([name, 403])
        expect(answer).toMatch(/\r\n\r\nwrong host\n$/)
      }
    }
    // Of none Node itself says that it has to be there (RFC 9112 section 3.2).
    expect(statusOf(await sendRaw(port, requestText('GET /', lines)))).toBe(400)
  })

  test('localhost is our name too, and another origin', async () => {
    const { ask, order, rightHeaders, port } = await pageUnderTest()
    const host = `localhost:${port}`
    expect((await ask('/api/setup', { ...rightHeaders, host, origin: `http://${host}` })).status).toBe(200)
    expect((await order('/api/stop', {}, { ...rightHeaders, host })).status).toBe(403)
  })

  test('without the right token there is nothing but 401', async () => {
    const { ask, order, rightHeaders, runs, token } = await pageUnderTest()
    const { [TOKEN_HEADER]: _, ...without } = rightHeaders
    const wrong = ['', 'x', `${token}x`, token.slice(1), token.toLowerCase(), '\u00e9'.repeat(40)]
    for (const headers of [without, ...wrong.map((one) => ({ ...without, [TOKEN_HEADER]: one }))]) {
      for (const answer of [
        await ask('/api/setup', headers),
        await ask('/api/runs', headers),
        await ask('/api/nothing', headers),
        await order('/api/start', CHOICE, headers),
      ]) {
        expect([answer.status, answer.body]).toEqual([401, 'wrong token\n'])
      }
    }
    // Neither in the URL nor as a cookie.
    expect((await ask(`/api/setup?token=${token}`, { ...without, cookie: `token=${token}` })).status).toBe(
      401,
    )
    expect(runs.plans).toEqual([])
  })

  test("another site's page can order nothing, even with the right token", async () => {
    const { order, ask, rightHeaders, runs, host, port, token } = await pageUnderTest()
    const { origin: right, ...without } = rightHeaders
    const others = [
      ...[EVIL, 'null', '', 'file://', `https://${host}`, `http://localhost:${port}`, `http://[::1]:${port}`],
      ...[
        'http://127.0.0.1',
        'http://127.0.0.1:1',
        `${right}/`,
        `${right}.evil.example`,
        `${right}, ${EVIL}`,
      ],
      ...[right.toUpperCase(), `http://user@${host}`, `${EVIL}#${right}`, `${EVIL}/${right}`],
    ]
    for (const headers of [without, ...others.map((origin) => ({ ...without, origin }))]) {
      const { status, body } = await order('/api/start', CHOICE, headers)
      expect([headers, status, body]).toEqual([headers, 403, 'wrong origin\n'])
    }
    for (const origin of others) {
      expect([origin, (await ask('/api/setup', { ...without, origin })).status]).toEqual([origin, 403])
      const socket = upgrade(port, [SUBPROTOCOL, token], { host, origin })
      const [error] = (await once(socket, 'error')) as [Error]
      expect([origin, error.message]).toEqual([origin, 'Unexpected server response: 403'])
    }
    expect(runs.plans).toEqual([])
  })

  test("another site's page cannot use ours as its script or frame, and may link to it", async () => {
    const { ask, host } = await pageUnderTest()
    const from = (dest: string) => ({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': dest })
    expect((await ask('/main.js', from('script'))).status).toBe(403)
    expect((await ask('/', from('iframe'))).status).toBe(403)
    expect((await ask('/', from('document'))).status).toBe(200)
    expect((await ask('/main.js', { host, 'sec-fetch-site': 'same-site' })).status).toBe(403)
  })

  type Right = Record<'host' | 'origin' | 'token', string>
  type Upgrade = [protocols: string[], headers: Record<string, string>]
  test.each<[string, (right: Right) => Upgrade]>([
    ['no token', ({ host, origin }) => [[SUBPROTOCOL], { host, origin }]],
    ['a wrong token', ({ host, origin }) => [[SUBPROTOCOL, 'wrong'], { host, origin }]],
    ['the token alone', ({ host, origin, token }) => [[token], { host, origin }]],
    ["another site's origin", ({ host, token }) => [[SUBPROTOCOL, token], { host, origin: EVIL }]],
    ['no origin', ({ host, token }) => [[SUBPROTOCOL, token], { host }]],
    ['a rebound name', ({ origin, token }) => [[SUBPROTOCOL, token], { host: 'evil.example', origin }]],
  ])('no WebSocket with %s', async (_what, choose) => {
    const { port, host, token } = await pageUnderTest()
    const [protocols, headers] = choose({ host, origin: `http://${host}`, token })
    const socket = upgrade(port, protocols, headers)
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toMatch(/Unexpected server response: 40[13]/)
  })

  test('no WebSocket elsewhere', async () => {
    const { port, host, token } = await pageUnderTest()
    const origin = `http://${host}`
    const socket = new WebSocket(`ws://${host}/other`, [SUBPROTOCOL, token], { headers: { host, origin } })
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 403')
    expect(port).toBeGreaterThan(0)
  })

  test('it listens on 127.0.0.1 only', async () => {
    const { port } = await pageUnderTest()
    const socket = connect(port, '127.0.0.2')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('no path leads out of the folder of runs', async () => {
    const out = temporaryFolder()
    mkdirSync(join(out, 'runs'))
    mkdirSync(join(out, 'secret'))
    symlinkSync('../secret', join(out, 'runs', 'latest'))
    for (const folder of ['secret', 'runs']) writeFileSync(join(out, folder, 'plan.json'), '"a secret"')
    const { ask } = await pageUnderTest(join(out, 'runs'))
    const ids = [
      ...[
        '.',
        '..',
        '../secret',
        '%2e',
        '%2e%2e',
        '..%2fsecret',
        '%2e%2e%2fsecret',
        '..%5csecret',
        '....//secret',
      ],
      ...[
        '%252e%252e%252fsecret',
        '%c0%ae%c0%ae%2fsecret',
        '..%00',
        '%00',
        '%2e%2e%2fsecret%00',
        '%',
        '%E0%A4%A',
      ],
      ...[`${encodeURIComponent(join(out, 'secret'))}`, 'latest', 'latest%2fplan.json', 'latest/plan.json'],
      ...['plan.json', '~', '*', '', '%20', '__proto__', 'constructor', 'x'.repeat(5000)],
    ]
    const answers: [string, number][] = []
    for (const id of ids) {
      const { status, body } = await ask(`/api/runs/${id}`)
      answers.push([id, status])
      expect(body).not.toContain('secret')
    }
    const damaged = ['%', '%E0%A4%A', '%c0%ae%c0%ae%2fsecret']
    expect(answers).toEqual(ids.map((id) => [id, damaged.includes(id) ? 400 : 404]))
  })
})

describe('npm run watch', () => {
  const watch = (...args: string[]) => runNode(['src/start.mjs', 'watch', ...args])
  onLinux(
    'Ctrl-C ends the run that goes on in order, then the server; nothing is left',
    async () => {
      const out = temporaryFolder()
      const server = watch('--port', '0', '--out', out)
      onTestFinished(() => void server.child.kill('SIGKILL'))
      const [url] = await server.untilPrinted(/http:\S+/)
      const { host, port, hash } = new URL(url)
      const headers = { host, origin: `http://${host}`, [TOKEN_HEADER]: hash.slice('#token='.length) }
      const order = { port: Number(port), method: 'POST', headers, path: '/api/start' }
      const started = await send({ ...order, body: JSON.stringify({ ...CHOICE, mechanisms: ['udp'] }) })
      const { run } = JSON.parse(started.body) as { run: string }
      const processes = descendants(server.child.pid ?? 0)
      expect(processes.length).toBeGreaterThan(0)
      server.child.kill('SIGINT')
      expect(await server.ended).toBe(0)
      expect(await allGone(processes, 3000)).toEqual([])
      expect(existsSync(join(out, run, 'report.json'))).toBe(true)
    },
    30_000,
  )

  test('wrong usage is one line and status 2, a port that is taken one line and status 3', async () => {
    const wrong = watch('--port', '70000')
    expect(await wrong.ended).toBe(2)
    expect(wrong.stderr()).toBe('stillhere: --port 70000: expected a number from 0 to 65535\n')
    const { port } = await pageUnderTest()
    const taken = watch('--port', String(port))
    expect(await taken.ended).toBe(3)
    expect(taken.stderr()).toMatch(/^stillhere: port \d+ of 127.0.0.1 is taken .*--port N.*\n$/)
  })
})

describe('wrong input', () => {
  test.each<[string, unknown]>([
    ['no lab', { ...CHOICE, lab: undefined }],
    ['a case twice', { ...CHOICE, cases: ['cut', 'cut'] }],
    ['an unknown case', { ...CHOICE, cases: ['cut', '--out=/etc'] }],
    ['no mechanism', { ...CHOICE, mechanisms: [] }],
    ['more than asked for', { ...CHOICE, out: '/etc' }],
    ['an array', [CHOICE]],
    ['a number', 7],
  ])('a choice with %s starts nothing', async (_what, choice) => {
    const { order, runs } = await pageUnderTest()
    const { status, body } = await order('/api/start', choice)
    expect(status).toBe(400)
    expect(body).toMatch(/^not understood/)
    expect(runs.plans).toEqual([])
  })

  test.each(['nosuch', '__proto__', 'constructor'])('there is no lab "%s"', async (lab) => {
    const { order } = await pageUnderTest()
    const { status, body } = await order('/api/start', { ...CHOICE, lab })
    expect([status, body]).toEqual([422, `there is no lab "${lab}"\n`])
  })

  test('too long, no JSON, no such command', async () => {
    const { order, port, rightHeaders } = await pageUnderTest()
    expect((await order('/api/start', { ...CHOICE, lab: 'x'.repeat(100_000) })).status).toBe(413)
    const damaged = await send({
      port,
      method: 'POST',
      path: '/api/stop',
      headers: rightHeaders,
      body: '{"a":',
    })
    expect([damaged.status, damaged.body]).toEqual([400, 'not understood\n'])
    expect((await order('/api/act', { action: 'format', host: 'b' })).status).toBe(400)
    expect((await order('/api/nothing', {})).status).toBe(404)
  })

  test('a browser says one short thing, and that has to be right', async () => {
    const { browser, page } = await pageUnderTest()
    const says = async (text: string) => {
      const listener = await browser()
      listener.socket.send(text)
      return (await listener.closed).code
    }
    expect(await says('{"again": true}')).toBe(1008)
    const { port, hash } = new URL(page.url)
    const first = async (text: string) => {
      const origin = `http://127.0.0.1:${port}`
      const listener = new Listener(upgrade(Number(port), [SUBPROTOCOL, hash.slice(7)], { origin }))
      await once(listener.socket, 'open')
      listener.socket.send(text)
      return (await listener.closed).code
    }
    expect(await first('no JSON')).toBe(1008)
    expect(await first('{"run":null,"since":-1}')).toBe(1008)
    expect(await first('{"run":null,"since":0,"more":1}')).toBe(1008)
    // RFC 6455 section 7.4.1: too big to process.
    expect(await first(JSON.stringify({ run: 'x'.repeat(1000), since: 0 }))).toBe(1009)
  })

  test('there is a limit to browsers, and to requests', async () => {
    const { browser, ask } = await pageUnderTest()
    for (let count = 0; count < 16; count++) await browser()
    expect((await (await browser()).closed).code).toBe(1013)
    const answers = await Promise.all(Array.from({ length: 80 }, () => ask('/api/setup')))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(20)
  })

  test('a port that is taken is named, with the way out', async () => {
    const { port } = await pageUnderTest()
    await expect(openPage({ labs, out: temporaryFolder(), port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken by another program; choose another with --port N (0: any free one)`,
    )
  })
})

describe('the live run', () => {
  test('two browsers see the same, and one at a time goes on', async () => {
    const { browser, order, runs } = await pageUnderTest()
    const one = await browser()
    expect((await order('/api/start', CHOICE)).body).toBe('{"run":"run-1"}')
    const two = await browser()
    runs.emit(someEvents(0, 300))
    await one.until(() => one.events.length === 300)
    await two.until(() => two.events.length === 300)
    expect(two.events).toEqual(one.events)
    expect(one.phase).toBe('running')

    const again = await order('/api/start', CHOICE)
    expect([again.status, again.body]).toEqual([409, 'a run is going on; stop it first\n'])

    expect((await order('/api/stop', {})).status).toBe(200)
    for (const each of [one, two]) {
      await each.until(() => each.phase === 'ended')
      await each.until(() => each.messages.some((message) => message.type === 'report'))
      const state = each.messages.findLast((message) => message.type === 'state')?.state
      expect(state).toMatchObject({ command: 'npm run lab:keepalive -- --play --hosts process' })
    }
    expect((await order('/api/start', CHOICE)).body).toBe('{"run":"run-2"}')
  })

  test('a browser that comes back gets what it has missed, and no more', async () => {
    const { browser, order, runs } = await pageUnderTest()
    await order('/api/start', CHOICE)
    runs.emit(someEvents(0, 50))
    const first = await browser()
    await first.until(() => first.events.length === 50)
    first.socket.terminate()
    runs.emit(someEvents(50, 80))

    const back = await browser({ run: 'run-1', since: 50 })
    await back.until(() => back.events.length === 30)
    expect(back.events.map(({ seq }) => seq)).toEqual(someEvents(50, 80).map(({ seq }) => seq))
    expect(back.messages.find((message) => message.type === 'events')).toMatchObject({
      fresh: false,
      next: 80,
    })

    // What it has is of another run, or of a server that is gone.
    for (const hello of [
      { run: 'run-0', since: 50 },
      { run: 'run-1', since: 5000 },
    ]) {
      const other = await browser(hello)
      await other.until(() => other.events.length === 80)
      expect(other.messages.find((message) => message.type === 'events')).toMatchObject({ fresh: true })
    }
  })

  test('a learner can do what makes sense, and is told why not', async () => {
    const { order, runs } = await pageUnderTest()
    const act = (action: string) => order('/api/act', { action, host: 'b' })
    expect((await act('kill')).body).toBe('there is no run in play mode to do that in\n')
    await order('/api/start', CHOICE)
    expect((await act('kill')).status).toBe(200)
    expect(await act('cut')).toMatchObject({
      status: 409,
      body: 'cut is impossible here: plain processes on loopback have no cable\n',
    })
    expect(runs.commands).toEqual([{ action: 'kill', host: 'b' }])
    expect(Object.keys(impossibleActions('process', 'linux'))).toEqual(['cut', 'mend', 'power-off', 'reboot'])
    expect(impossibleActions('netns', 'linux')).toEqual({})
    expect(impossibleCases(keepalive.cases, 'netns', 'linux')).toEqual({})
    expect(Object.keys(impossibleCases(keepalive.cases, 'process', 'win32'))).toEqual([
      'reboot',
      'power-off',
      'cut',
      'blip',
      'freeze',
    ])
    expect(Object.keys(impossibleActions('compose', 'linux'))).toHaveLength(10)
  })

  test('at its end the server ends the run first, and says goodbye', async () => {
    const { browser, order, page } = await pageUnderTest()
    await order('/api/start', CHOICE)
    const listener = await browser()
    await listener.until(() => listener.phase === 'running')
    await page.close()
    expect(await listener.closed).toEqual({ code: 1001, reason: 'the server ends' })
    expect(page.live.state.phase).toBe('ended')
  })

  test('what a browser chooses is what the command line would choose', () => {
    const all = {
      ...keepalive,
      cases: [...keepalive.cases],
      mechanisms: [...keepalive.mechanisms],
      hasStrike: true,
    }
    const choice: Choice = { ...CHOICE, play: false, hosts: 'auto', cases: ['cut'], mechanisms: ['udp'] }
    expect(parseLabOptions(keepalive, argumentsOf(choice, all))).toMatchObject({
      cases: ['cut'],
      mechanisms: ['udp'],
    })
    expect(argumentsOf({ ...CHOICE, play: false, hosts: 'auto' }, all)).toEqual([])
    expect(parseLabOptions(keepalive, argumentsOf({ ...choice, strike: 'client' }, all)).strike).toBe(
      'client',
    )
    expect(parseLabOptions(keepalive, argumentsOf({ ...choice, predict: false }, all)).predict).toBe(false)
    expect(argumentsOf({ ...CHOICE, hosts: 'auto', predict: false }, all)).toEqual(['--play'])
    expect(parseLabOptions(keepalive, argumentsOf({ ...CHOICE, mechanisms: ['udp'] }, all))).toMatchObject({
      play: true,
      hosts: 'process',
      cases: CHOICE.cases,
      mechanisms: ['udp'],
    })
  })
})

describe('bounds', () => {
  test('the oldest events go, what tells the story stays, and it says how many are missing', () => {
    const store = new EventStore('run-1', 1000)
    store.add(someEvents(0, 5, 'run:progressed'))
    for (let from = 5; from < 40_000; from += 500) store.add(someEvents(from, from + 500))
    const { message, next } = store.batch(0)
    const batch = JSON.parse(message) as Batch
    expect(batch).toMatchObject({ fresh: true, next })
    expect(batch.events.slice(0, 6).map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5 + batch.missing])
    expect(batch.events.length + batch.missing).toBe(next)
    expect(store.total).toBe(next)
    expect(batch.events.length).toBeLessThan(1700)
    expect(JSON.parse(store.batch(next - 3).message)).toMatchObject({ fresh: false, missing: 0 })
  })

  test('a browser that does not read costs a bounded amount, and has everything in the end', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    const sockets = new WebSocketServer({ server })
    const opened = once(sockets, 'connection')
    await once(server, 'listening')
    const slow = new Listener(new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`))
    const [socket] = (await opened) as [WebSocket]
    await once(slow.socket, 'open')
    slow.socket.pause()

    const store = new EventStore('run-1')
    const live: Watched = {
      state: {
        phase: 'running',
        plan: { run: 'run-1' } as never,
        command: null,
        problem: null,
        verdict: null,
        asked: null,
      },
      version: 1,
      store,
      report: null,
      told: null,
    }
    const feed = new Feed(live)
    onTestFinished(() => feed.close())
    feed.join(socket, { run: 'run-1', since: 0 })
    let unsentMax = 0
    let total = 0
    // The kernel's buffers fill first, and how big they are is its own affair.
    for (let rounds = 0; rounds < 40 || (unsentMax === 0 && rounds < 100); rounds++) {
      const more = someEvents(total, total + 900, 'program:stopping')
      for (const { data } of more) Object.assign(data, { because: 'x'.repeat(1000) })
      total += more.length
      store.add(more)
      feed.publish()
      await new Promise((resolve) => setTimeout(resolve, 55))
      unsentMax = Math.max(unsentMax, socket.bufferedAmount)
    }
    expect(unsentMax).toBeGreaterThan(0)
    // What was waiting was less than the limit when one more batch was added.
    expect(unsentMax).toBeLessThan(UNSENT_BYTES_MAX + 1_100_000)

    slow.socket.resume()
    await slow.until(() => slow.events.length === total, 10_000)
    expect(slow.events.every(({ seq }, index) => seq === index)).toBe(true)
    const batches = slow.messages.filter((message) => message.type === 'events')
    expect(batches.length).toBeLessThan(total / 900 + 10)
    expect(batches.every(({ fresh }) => !fresh)).toBe(true)
  })
})

describe('earlier runs', () => {
  const MARKUP = '<img src=x onerror=alert(1)>'
  const PLAN = {
    run: 'r',
    lab: 'keepalive',
    tier: 'netns',
    because: MARKUP,
    pace: 'quick',
    strike: 'server',
    seed: 1,
    play: false,
    cases: ['cut'],
    mechanisms: ['udp'],
    cells: ['cut/udp'],
    promises: { cut: MARKUP },
    showFirst: [],
    watchMs: 1,
    environment: {},
  }
  const REPORT = {
    schema: 'stillhere/report@1',
    lab: 'keepalive',
    run: 'r',
    tier: 'netns',
    tierBecause: MARKUP,
    pace: 'quick',
    strike: 'server',
    seed: 1,
    environment: {},
    kernelSampledEveryMs: null,
    startedAt: '2026-01-01T00:00:00Z',
    durationMs: 1,
    verdict: 'pass',
    checks: [],
  }

  function runFolder(out: string, id: string, files: Record<string, unknown>): void {
    mkdirSync(join(out, id))
    for (const [name, value] of Object.entries(files)) {
      writeFileSync(join(out, id, name), typeof value === 'string' ? value : JSON.stringify(value))
    }
  }

  function eventLines(): string {
    return someEvents(0, 3)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('')
  }

  test('are listed with what is wrong with them', async () => {
    const out = temporaryFolder()
    runFolder(out, '1-whole', { 'plan.json': PLAN, 'report.json': REPORT })
    runFolder(out, '2-interrupted', { 'plan.json': PLAN })
    runFolder(out, '3-newer', {
      'plan.json': PLAN,
      'report.json': { ...REPORT, schema: 'stillhere/report@2', checks: 'other' },
    })
    runFolder(out, '4-cut-short', { 'plan.json': '{"run": "r', 'report.json': REPORT })
    runFolder(out, `5-${'<b>'}`, { 'plan.json': { ...PLAN, lab: 7 } })
    const { ask } = await pageUnderTest(out)
    const runs = JSON.parse((await ask('/api/runs')).body) as { id: string; problem: string | null }[]
    expect(runs.map(({ id, problem }) => [id, problem])).toEqual([
      ['5-<b>', 'plan.json is not as expected at lab: Invalid type: Expected string but received 7'],
      ['4-cut-short', 'plan.json is damaged or cut short: it is not JSON of ours'],
      [
        '3-newer',
        'report.json is "stillhere/report@2", from another version; this one reads stillhere/report@1',
      ],
      ['2-interrupted', 'report.json is missing: the run did not come to its end'],
      ['1-whole', null],
    ])
  })

  test('open as far as they can be read; each bad line is named, and passed on to nobody', async () => {
    const out = temporaryFolder()
    const hostile = [
      '{"name":"tcp:written"',
      JSON.stringify({ ...someEvents(3, 4)[0], name: 'future:event' }),
      JSON.stringify({ ...someEvents(4, 5)[0], data: { bytes: MARKUP } }),
      `"${'x'.repeat(400_000)}"`,
    ]
    runFolder(out, 'r', {
      'plan.json': PLAN,
      'report.json': { ...REPORT, schema: 'stillhere/report@2' },
      'events.ndjson': `${eventLines()}${hostile.join('\n')}`,
    })
    const { ask } = await pageUnderTest(out)
    const { status, headers, body } = await ask('/api/runs/r')
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^application\/x-ndjson/)
    const lines = body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ plan: { because: MARKUP }, report: null })
    expect(lines.slice(1, -1).map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(lines.at(-1).problems).toEqual([
      'report.json is "stillhere/report@2", from another version; this one reads stillhere/report@1',
      'events.ndjson line 4 is damaged or cut short: it is not JSON of ours',
      expect.stringContaining('events.ndjson line 5 is no event of this version'),
      expect.stringContaining('events.ndjson line 6 is no tcp:written of this version'),
      'events.ndjson line 7 is too long',
    ])
  })

  test('without a plan there is nothing to show, and it says so', async () => {
    const out = temporaryFolder()
    runFolder(out, 'r', { 'events.ndjson': eventLines() })
    const { ask } = await pageUnderTest(out)
    const { status, body } = await ask('/api/runs/r')
    expect([status, body]).toEqual([404, 'plan.json is missing: the run did not come to its end\n'])
  })
})
