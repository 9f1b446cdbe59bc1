/**
 * What anybody may send to the bank: cookies, headers, forms and bytes that no browser would. It answers or hangs
 * up, never with a mistake of its own, and neither its memory nor its books show that it happened.
 */
import { randomInt } from 'node:crypto'
import * as net from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { bundlePrograms } from '../../src/processes/bundle.ts'
import { EVENT_LOG_VARIABLE, type LoggedProgram } from '../../src/programs/parts/command-line.ts'
import { BankUser } from '../support/bank-user.ts'
import { runNode } from '../support/process.ts'

const FUZZ_MS = Number(process.env.STILLHERE_FUZZ_MS ?? 5000)
/** Whatever is sent in one connection is answered, or the connection ended, within this. */
const ANSWER_WITHIN_MS = 5000
/** Little, so that it is swept often: what is left after each sweep is what the bank holds on to. */
const HEAP_MB = 48
/**
 * It may come to know ten thousand addresses, which takes a few megabytes, and remembers transfers. In a minute of
 * fuzz it answers some ten thousand requests: whoever keeps a kilobyte of each is found out.
 */
const GROWTH_MB_MAX = 12

async function startBank() {
  const { bank: bundle } = await bundlePrograms()
  const log: LoggedProgram = {
    file: '/dev/null',
    run: '',
    lab: '',
    host: '',
    incarnation: 1,
    program: 'bank',
  }
  const bank = runNode(
    // It believes us where we come from: from ever other addresses, so that rates do not end the test.
    [`--max-old-space-size=${HEAP_MB}`, '--trace-gc', bundle, '--proxy', '127.0.0.1'],
    { ...process.env, [EVENT_LOG_VARIABLE]: JSON.stringify(log) },
  )
  onTestFinished(async () => {
    bank.child.kill('SIGKILL')
    await bank.ended
  })
  const [, port] = await bank.untilPrinted(/listens at http:\/\/127\.0\.0\.1:(\d+)\//)
  return { bank, port: Number(port), url: `http://127.0.0.1:${port}/` }
}

/** Sends bytes and then FIN. What came back; null: the connection was reset. */
function exchange(port: number, bytes: Buffer): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let said = ''
    const limit = setTimeout(() => {
      socket.destroy()
      reject(
        new Error(`neither answered nor ended after ${ANSWER_WITHIN_MS} ms; it said ${JSON.stringify(said)}`),
      )
    }, ANSWER_WITHIN_MS)
    const done = (result: string | null) => {
      clearTimeout(limit)
      socket.destroy()
      resolve(result)
    }
    socket.setEncoding('latin1').on('data', (text) => {
      if (said.length < 100_000) said += text
    })
    socket.once('end', () => done(said))
    socket.once('error', () => done(null))
    socket.end(bytes)
  })
}

const anyAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`

/** Text that HTTP lets pass, and sometimes any. */
const text = fc.oneof(
  { arbitrary: fc.string({ maxLength: 40 }).map((each) => each.trim()), weight: 9 },
  fc.string({ maxLength: 40, unit: 'binary' }),
)

/** Requests that are nearly right: `id` and `csrf` are of a live session. */
function requests({ id, csrf }: { id: string; csrf: string }): fc.Arbitrary<Buffer> {
  const cookiePart = fc.oneof(
    fc.constantFrom(
      'session',
      'sign-in',
      '__Host-session',
      '=',
      ';',
      '; ',
      '"',
      '%',
      `session=${id}`,
      id,
      '\t',
    ),
    text,
    fc.constant('x'.repeat(5000)),
  )
  const cookie = fc.oneof(
    fc.constant(`session=${id}`),
    fc.array(cookiePart, { maxLength: 8 }).map((parts) => parts.join('')),
  )
  const header: fc.Arbitrary<[string, string]> = fc.oneof(
    fc.tuple(fc.constantFrom('Accept', 'Idempotency-Key', 'If-None-Match', 'Range', 'X', '__proto__'), text),
    fc.constantFrom(
      ...([
        ['Accept', 'application/json'],
        ['Accept', 'text/html'],
        ['Connection', 'close'],
        ['Content-Encoding', 'gzip'],
        ['Expect', '100-continue'],
        ['Origin', 'null'],
        ['Origin', 'http://bank.test'],
        ['Sec-Fetch-Site', 'cross-site'],
        ['Transfer-Encoding', 'chunked'],
        ['Upgrade', 'websocket'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'a, b, c'],
        ['Host', 'evil.test'],
      ] as [string, string][]),
    ),
  )
  const amount = fc.oneof(fc.constantFrom('0.01', '1', '-1', '1e9', '99999999', '0.001', 'NaN', '１'), text)
  const field = fc.record(
    {
      to: fc.oneof(fc.constantFrom('bob', 'carol', 'alice', '__proto__', 'constructor'), text),
      amount,
      key: fc.oneof(fc.uuid(), fc.constant('the-same-key'), text),
      csrf: fc.oneof({ arbitrary: fc.constant(csrf), weight: 4 }, text),
      user: text,
      password: text,
      session: text,
      'to[]': text,
    },
    { requiredKeys: ['csrf'] },
  )
  const form = field.map((fields) => ({
    type: 'application/x-www-form-urlencoded',
    body: String(new URLSearchParams(fields as Record<string, string>)),
  }))
  const json = fc
    .oneof({ arbitrary: field.map((fields) => JSON.stringify(fields)), weight: 2 }, fc.json(), text)
    .map((body) => ({ type: 'application/json', body }))
  const odd = fc.record({
    type: fc.oneof(
      fc.constantFrom('application/json; charset=utf-7', 'text/plain', 'multipart/form-data', ''),
      text,
    ),
    body: fc.oneof(fc.constantFrom('a='.repeat(3000), '['.repeat(500), 'csrf', '&'.repeat(50)), text),
  })
  return fc
    .record({
      method: fc.oneof(
        { arbitrary: fc.constantFrom('GET', 'POST'), weight: 9 },
        fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get'),
      ),
      path: fc.oneof(
        {
          arbitrary: fc.constantFrom(
            '/',
            '/account',
            '/sign-in',
            '/transfer',
            '/transfer',
            '/transfer',
            '/sessions',
            '/sessions/end',
            '/sign-out-everywhere',
            '/health',
          ),
          weight: 9,
        },
        fc.constantFrom(
          '*',
          '/%',
          '/sign-in/',
          '//evil.test/',
          '/..%2f',
          'http://evil.test/account',
          '/__proto__',
        ),
        text.map((each) => `/account?transfer=${each}`),
      ),
      cookie,
      headers: fc.oneof(
        { arbitrary: fc.constant<[string, string][]>([]), weight: 2 },
        fc.array(header, { maxLength: 4 }),
      ),
      content: fc.oneof({ arbitrary: form, weight: 5 }, { arbitrary: json, weight: 3 }, odd),
      /** What Content-Length says beside the truth. */
      off: fc.oneof({ arbitrary: fc.constant(0), weight: 9 }, fc.integer({ min: -50, max: 50 })),
    })
    .map(({ method, path, cookie, headers, content: { type, body }, off }) => {
      const lines = [
        `${method} ${path} HTTP/1.1`,
        'Host: bank.test',
        `X-Forwarded-For: ${anyAddress()}`,
        `Cookie: ${cookie}`,
        `Content-Type: ${type}`,
        `Content-Length: ${Math.max(0, Buffer.byteLength(body, 'latin1') + off)}`,
        ...headers.map(([name, value]) => `${name}: ${value}`),
      ]
      return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
    })
}

const bytes = fc.uint8Array({ maxLength: 2000 }).map((array) => Buffer.from(array))

test(
  `${FUZZ_MS / 1000} s of anything: no crash, no hang, no growth, no mistake`,
  async () => {
    const { bank, port, url } = await startBank()
    const alice = new BankUser(url)
    await alice.signIn('alice')
    const secrets = { id: alice.cookies.get('session') ?? '', csrf: await alice.token() }
    const total = async () => {
      const balances = await Promise.all(
        ['alice', 'bob', 'carol', 'dave'].map(async (name) => {
          const user = new BankUser(url)
          await user.signIn(name)
          return Number((await user.account()).json.balance)
        }),
      )
      return balances.reduce((sum, each) => sum + each, 0)
    }

    const statuses = new Map<string, number>()
    const property = fc.asyncProperty(
      fc.oneof({ arbitrary: requests(secrets), weight: 19 }, bytes),
      async (sent) => {
        const said = await exchange(port, sent)
        for (const [, status = ''] of said?.matchAll(/^HTTP\/1\.1 (\d{3}) /gm) ?? []) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          expect(Number(status)).toBeLessThan(500)
        }
        expect(bank.child.exitCode).toBeNull()
      },
    )
    const seed = Number(process.env.STILLHERE_SEED ?? randomInt(2 ** 31))
    const limits = { numRuns: 1_000_000_000, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false }
    await fc.assert(property, { ...limits, seed })
    const counted = [...statuses].sort().map(([status, count]) => `${count} x ${status}`)
    // It was not all refused at the door.
    for (const status of ['200', '303', '400', '401', '403', '404', '405', '422', '431'])
      expect([...statuses.keys()]).toContain(status)

    const held = [...bank.stdout().matchAll(/Mark-Compact .* -> ([\d.]+) /g)].map(([, mb]) => Number(mb))
    expect(held.length).toBeGreaterThanOrEqual(4)
    const quarter = Math.floor(held.length / 4)
    const middle = (from: number) => held.slice(from, from + quarter).sort((a, b) => a - b)[quarter >> 1] ?? 0
    const [early, late] = [middle(0), middle(held.length - quarter)]
    console.log(`seed ${seed}: ${counted.join(', ')}; held ${early} MB, then ${late}`)
    expect(late - early).toBeLessThan(GROWTH_MB_MAX)
    expect(bank.stderr()).toBe('')
    expect((await alice.account()).status).toBe(200)
    expect(await total()).toBe(4000)
  },
  FUZZ_MS + 60_000,
)

test('whoever sends slowly holds a connection for a while, not for ever', async () => {
  const { port } = await startBank()
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const beganAtMs = performance.now()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  let said = ''
  socket.on('data', (data) => {
    said += data
  })
  await new Promise((resolve) => socket.once('close', resolve))
  expect(said).toMatch(/^HTTP\/1\.1 408 /)
  // The limit of headers; Node looks for them once a second.
  expect(performance.now() - beganAtMs).toBeGreaterThan(4900)
}, 30_000)
