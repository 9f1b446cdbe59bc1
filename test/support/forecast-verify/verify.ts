/** Starts a session of sockets that were drawn, in namespaces of its own. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Isolation } from '../../../src/hosts/capabilities.ts'
import { environmentWithSbin } from '../../../src/hosts/commands.ts'
import type { Request, Result } from './session.ts'

/** @throws Error when the session fails, with what it printed */
export async function verify(request: Request, { commandPrefix }: Isolation): Promise<Result> {
  const [program = '', ...prefix] = commandPrefix
  const session = fileURLToPath(new URL('session.ts', import.meta.url))
  const args = [...prefix, process.execPath, '--import', 'tsx', session, JSON.stringify(request)]
  const child = spawn(program, args, { env: environmentWithSbin(), stdio: ['ignore', 'pipe', 'pipe'] })
  let [printed, problems] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  if (status !== 0) throw new Error(`the session ended with status ${status}: ${problems}`)
  return JSON.parse(printed) as Result
}

/** One miss as text, with how to see it again. */
export function missText(
  { seed, sockets }: Request,
  { draw, group, said }: Result['misses'][number],
): string {
  return [
    `${draw.scenario}, ${group.fault}: npm run forecast:verify -- --sockets ${sockets} --seed ${seed} --only ${draw.id}`,
    `  ${JSON.stringify(draw)}`,
    `  ${JSON.stringify(group)}`,
    ...said.map((one) => `  ${one}`),
  ].join('\n')
}
