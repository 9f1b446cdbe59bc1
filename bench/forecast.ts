/**
 * `node --import tsx bench/forecast.ts [connections]`: how long `forecast` needs for so many (10,000) connections of one
 * process, beside what `ss -tiepn` needs to list the same ones; and how much memory. Figures to read, not a test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { environmentWithSbin } from '../src/hosts/commands.ts'

const TIMES = 5
const LOOK_EACH_MS = 10
const count = Number(process.argv[2] ?? 10_000)

/** Both ends of half as many connections; many addresses, since each has only so many ports. */
const HOLDER = `const net = require('net')
const half = Number(process.argv[1]) / 2
const sockets = []
const server = net.createServer((one) => sockets.push(one)).listen(0, '127.0.0.1', 4096, async () => {
  for (let made = 0; made < half; made++) {
    const one = net.connect(server.address().port, '127.0.0.1')
    await new Promise((resolve) => one.once('connect', resolve))
    one.setKeepAlive(true, 60000)
    sockets.push(one)
  }
  console.log('open')
})`

const holder = spawn(process.execPath, ['-e', HOLDER, String(count)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  await once((holder as ChildProcess & { stdout: NodeJS.ReadableStream }).stdout, 'data')
  const cli = fileURLToPath(new URL('../src/start.mjs', import.meta.url))
  const node = [process.execPath, cli, 'forecast']
  const ss = await best(['ss', '-tiepn'])
  const started = await best([...node, '--pid', String(process.ppid)])
  say('ss -tiepn', ss)
  say('forecast --pid', await best([...node, '--pid', String(holder.pid)]), ss)
  say('forecast --json', await best([...node, '--pid', String(holder.pid), '--json']), ss)
  say('  of that, its start', started)
} finally {
  holder.kill('SIGKILL')
}

interface Used {
  ms: number
  megabytes: number
}

async function best(argv: readonly string[]): Promise<Used> {
  const all: Used[] = []
  for (let time = 0; time < TIMES; time++) all.push(await used(argv))
  return {
    ms: Math.min(...all.map(({ ms }) => ms)),
    megabytes: Math.max(...all.map(({ megabytes }) => megabytes)),
  }
}

async function used([program = '', ...args]: readonly string[]): Promise<Used> {
  const began = performance.now()
  const child = spawn(program, args, { env: environmentWithSbin(), stdio: 'ignore' })
  let megabytes = 0
  const timer = setInterval(() => {
    megabytes = memoryOf(child.pid) ?? megabytes
  }, LOOK_EACH_MS)
  await once(child, 'exit')
  clearInterval(timer)
  return { ms: performance.now() - began, megabytes }
}

/** The most it had, as the kernel remembers it. */
function memoryOf(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) / 1024
  } catch {
    return null
  }
}

function say(what: string, { ms, megabytes }: Used, beside?: Used): void {
  const ratio = beside === undefined ? '' : `, ${(ms / beside.ms).toFixed(2)} times ss`
  console.log(`${what.padEnd(22)}${ms.toFixed(0)} ms, ${megabytes.toFixed(0)} MB${ratio}`)
}
