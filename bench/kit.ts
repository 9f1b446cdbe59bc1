/**
 * `node --import tsx bench/kit.ts`: what a lab adds to a test: twenty tests one after another, beside the same programs
 * started by `child_process` alone on loopback. Waits are no part of it: until a program has started and said the line,
 * until a fault is proven and undone. Figures to read, not a test: they say what was aimed at, and what it is.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from '../src/kit/index.ts'
import { programOf } from '../src/kit/program-function.ts'
import { median } from './parts/inside.ts'
import { say } from './parts/tell.ts'

const TESTS = 20
/** Of one test, above what it waits for. */
const AIM_MS = 400

/** As in most tests: it returns what it gets. */
const echo = async ({ server }: { server: string }) => {
  const { createServer } = await import('node:net')
  createServer((one) => one.on('error', () => {}).pipe(one)).listen(7000, server, () => console.log('there'))
}
const caller = async ({ server }: { server: string }) => {
  const { connect } = await import('node:net')
  const socket = connect(7000, server, () => console.log('up')).on('error', () => {})
  socket.on('close', () => console.log('lost'))
  setInterval(() => {}, 1000)
}

interface Took {
  openMs: number
  closeMs: number
  /** All of it but the waits. */
  ownMs: number
  wholeMs: number
}

/** Of one test: since it began, and what of that it waited. */
class Stopwatch {
  readonly #began = performance.now()
  waitedMs = 0

  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    const began = performance.now()
    const value = await promise
    this.waitedMs += performance.now() - began
    return value
  }

  get ms(): number {
    return performance.now() - this.#began
  }
}

const kit: Took[] = []
const bare: Took[] = []
for (let test = 0; test < TESTS; test += 1) kit.push(await withKit())
for (let test = 0; test < TESTS; test += 1) bare.push(await withProcesses())
tell()

async function withKit(): Promise<Took> {
  const watch = new Stopwatch()
  const lab = await open()
  const openMs = watch.ms
  const server = await watch.wait(lab.server.start(echo))
  await watch.wait(server.says(/there/))
  const client = await watch.wait(lab.client.start(caller))
  await watch.wait(client.says(/up/))
  const kill = await watch.wait(lab.strike('kill'))
  await watch.wait(client.says(/lost/))
  await watch.wait(kill.undo())
  const closing = watch.ms
  await lab.close()
  return { openMs, closeMs: watch.ms - closing, ownMs: watch.ms - watch.waitedMs, wholeMs: watch.ms }
}

async function withProcesses(): Promise<Took> {
  const watch = new Stopwatch()
  const server = start(echo)
  await watch.wait(server.line())
  const client = start(caller)
  await watch.wait(client.line())
  server.child.kill('SIGKILL')
  await watch.wait(client.line())
  const closing = watch.ms
  const ended = once(client.child, 'exit')
  client.child.kill('SIGKILL')
  await ended
  return { openMs: 0, closeMs: watch.ms - closing, ownMs: watch.ms - watch.waitedMs, wholeMs: watch.ms }
}

function start(body: typeof echo) {
  const [command = '', ...args] = programOf(body)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, STILLHERE_SERVER: '127.0.0.1' },
  })
  return { child, line: () => once(child.stdout, 'data') }
}

function tell(): void {
  const [first, ...later] = kit
  const opens = later.map(({ openMs }) => openMs)
  say('first open', `${first?.openMs.toFixed(0)} ms`)
  say('each later open', middle(opens))
  say('close', middle(kit.map(({ closeMs }) => closeMs)))
  const own = kit.map(({ ownMs }) => ownMs)
  say(
    'a test, above its waits',
    middle(own),
    median(own) <= AIM_MS,
    `${AIM_MS} ms at most, the middle of ${TESTS} tests`,
  )
  say('  by child_process alone', middle(bare.map(({ ownMs }) => ownMs)))
  const [whole, wholeBare] = [kit, bare].map((all) => all.map(({ wholeMs }) => wholeMs))
  const ratio = median(whole ?? []) / median(wholeBare ?? [])
  say('a whole test', `${middle(whole ?? [])}, ${ratio.toFixed(1)} times child_process alone`)
  say('  by child_process alone', middle(wholeBare ?? []))
}

function middle(values: readonly number[]): string {
  return `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`
}
