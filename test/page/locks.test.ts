/**
 * The locks of the page, tried at every door there is: the list of doors is read from the router that serves
 * them, so that one that is added is tried as well.
 */
import type { Server } from 'node:http'
import type { Express } from 'express'
import { describe, expect, test } from 'vitest'
import { keepalive } from '../../labs/keepalive/lab.ts'
import { TOKEN_HEADER } from '../../src/page/messages.ts'
import { parseLabOptions } from '../../src/plan/options.ts'
import { askingLab, pageUnderTest, requestText, send, sendRaw, statusOf } from './support.ts'

const EVIL = 'http://evil.example'
/** All that needs no token. */
const FILES = ['/', '/main.js', '/page.css']

interface Door {
  method: string
  path: string
}

/** Every route of the application that answers this server's requests. */
function doorsOf(server: Server): Door[] {
  const app = server.listeners('request').find((one) => 'router' in one) as Express
  return app.router.stack.flatMap((layer) => {
    // A router inside this one would have doors of its own, under a name that it does not know.
    expect('stack' in layer.handle).toBe(false)
    const { route } = layer
    if (route === undefined) return []
    // A route has a lock of its own in front, or not; either way it is one door for each method.
    const methods = new Set(route.stack.map(({ method }) => method.toUpperCase()))
    return [...methods].map((method) => ({ method, path: route.path }))
  })
}

/** Other ways to write a path that some program or other takes for the same. */
function spellingsOf(path: string): string[] {
  const mixed = [...path].map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter)).join('')
  const code = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`
  return [
    path.toUpperCase(),
    mixed,
    `${path}/`,
    `${path.toUpperCase()}/`,
    path.replace(/[a-z]/, code),
    path.replaceAll(/[a-z]/g, code),
    `/${[...path.slice(1)].map((letter) => (letter === '/' ? '%2f' : letter)).join('')}`,
    path.replaceAll('/', '//'),
    path.replaceAll('/', '\\'),
    `/.${path}`,
    `/x/..${path}`,
    `${path}%00`,
    `${path};x`,
    `${EVIL}${path}`,
  ]
}

/** A page on which each order would have an effect: a run goes on in which somebody can act, and questions are open. */
async function busyPage() {
  const under = await pageUnderTest(undefined, { keepalive: askingLab })
  const out = parseLabOptions(askingLab, ['--play', '--hosts', 'process'])
  await under.page.live.start(askingLab, out, () => {}, null, true)
  const orders: Record<string, object> = {
    '/api/act': { action: 'kill', host: 'b' },
    '/api/predict': { run: 'run-1', question: 'who', choice: 'none' },
    '/api/skip': { run: 'run-1' },
    '/api/stop': {},
    '/api/start': {
      lab: 'keepalive',
      play: true,
      predict: false,
      hosts: 'process',
      strike: 'server',
      cases: keepalive.cases.map(({ id }) => id),
      mechanisms: [...keepalive.mechanisms],
    },
  }
  const state = () => ({
    state: under.page.live.state,
    commands: [...under.runs.commands],
    runs: under.runs.plans.length,
  })
  const doors = doorsOf(under.page.server)
  return { ...under, orders, doors, state, bodyFor: (path: string) => JSON.stringify(orders[path] ?? {}) }
}

describe('every door', () => {
  test('is known, and opens with the token', async () => {
    const { doors, orders, order, ask, page, runs } = await busyPage()
    expect(
      doors
        .filter(({ method }) => method === 'POST')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(Object.keys(orders).sort())
    const questions = doors.filter(({ method }) => method === 'GET').map(({ path }) => path)
    expect(questions).toEqual([...FILES, '/api/setup', '/api/acts', '/api/runs', '/api/runs/:id'])
    for (const path of questions.filter((one) => !one.includes(':')))
      expect((await ask(path)).status).toBe(200)
    for (const path of ['/api/act', '/api/predict', '/api/skip', '/api/stop']) {
      expect([path, (await order(path, orders[path])).status]).toEqual([path, 200])
    }
    await expect.poll(() => page.live.state.phase).toBe('ended')
    expect((await order('/api/start', orders['/api/start'])).status).toBe(200)
    expect([runs.commands.length, runs.plans.length]).toEqual([1, 2])
  })

  test('is shut without the token, however its name is written, and nothing happens', async () => {
    const { port, host, doors, bodyFor, state, rightHeaders } = await busyPage()
    const before = state()
    const own = [`Host: ${host}`]
    const senders: Record<string, string[]> = {
      // Whoever is on this machine writes what they like, and does not know the token.
      'a stranger': [...own, `Origin: ${rightHeaders.origin}`],
      'a stranger with a wrong token': [...own, `Origin: ${rightHeaders.origin}`, `${TOKEN_HEADER}: x`],
      'a form of another site': [
        ...own,
        `Origin: ${EVIL}`,
        'Sec-Fetch-Site: cross-site',
        'Sec-Fetch-Mode: navigate',
        'Sec-Fetch-Dest: document',
      ],
      'nobody in particular': own,
    }
    const opened: string[] = []
    for (const { method, path } of doors) {
      const isFile = FILES.includes(path)
      for (const spelling of [...(isFile ? [] : [path]), ...spellingsOf(path.replace(':id', 'run-1'))]) {
        // The same page, with other words for it.
        if (isFile && [path, `${EVIL}${path}`].includes(spelling)) continue
        for (const [sender, lines] of Object.entries(senders)) {
          const answer = await sendRaw(port, requestText(`${method} ${spelling}`, lines, bodyFor(path)))
          const status = statusOf(answer)
          if (status < 400 || status > 499) opened.push(`${sender}: ${method} ${spelling}: ${status}`)
        }
      }
    }
    expect(opened).toEqual([])
    expect(state()).toEqual(before)
  }, 60_000)

  test('has one name: with the token every other spelling is unknown, and nothing happens', async () => {
    const { port, host, doors, bodyFor, state, rightHeaders, token } = await busyPage()
    const before = state()
    const lines = [`Host: ${host}`, `Origin: ${rightHeaders.origin}`, `${TOKEN_HEADER}: ${token}`]
    const opened: string[] = []
    for (const { method, path } of doors.filter(({ path }) => !FILES.includes(path))) {
      // In full it is the same name (RFC 9112 section 3.2.2), and whose it is the Host line says.
      for (const spelling of spellingsOf(path).filter((one) => !one.startsWith(EVIL))) {
        const answer = await sendRaw(port, requestText(`${method} ${spelling}`, lines, bodyFor(path)))
        if (![400, 404, 429].includes(statusOf(answer))) opened.push(`${method} ${spelling}: ${answer}`)
      }
    }
    expect(opened).toEqual([])
    expect(state()).toEqual(before)
  }, 60_000)

  test('is shut to a request with two Host lines, even with the token', async () => {
    const { port, host, doors, bodyFor, state, rightHeaders, token } = await busyPage()
    const before = state()
    for (const { method, path } of doors) {
      for (const [one, other] of [
        [host, 'evil.example'],
        ['evil.example', host],
        [host, host],
      ]) {
        const lines = [`Host: ${one}`, `Host: ${other}`, `Origin: ${rightHeaders.origin}`]
        const text = requestText(`${method} ${path}`, [...lines, `${TOKEN_HEADER}: ${token}`], bodyFor(path))
        expect(await sendRaw(port, text)).toMatch(/^HTTP\/1.1 403 .*\r\n\r\nwrong host\n$/s)
      }
    }
    expect(state()).toEqual(before)
  })

  test('another site leads to the page, by GET, and nowhere else', async () => {
    const { port, host, doors, bodyFor, state, rightHeaders } = await busyPage()
    const before = state()
    const from = (site: string) => ({
      'sec-fetch-site': site,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    })
    const tried = [...doors, ...['HEAD', 'POST', 'PUT', 'OPTIONS'].map((method) => ({ method, path: '/' }))]
    for (const site of ['cross-site', 'same-site']) {
      for (const { method, path } of tried) {
        // Were it to know the token, it would have no business here.
        for (const headers of [{ host }, rightHeaders]) {
          const request = { port, method, path, headers: { ...headers, ...from(site) } }
          const { status } = await send(method === 'POST' ? { ...request, body: bodyFor(path) } : request)
          expect([method, path, status]).toEqual([method, path, method === 'GET' && path === '/' ? 200 : 403])
        }
      }
    }
    expect(state()).toEqual(before)
  })
})
