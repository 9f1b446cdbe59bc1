/** `npm run watch`: the live page, until Ctrl-C. */
import { parseArgs } from 'node:util'
import { UsageError } from '../foreign/usage.ts'
import type { Lab } from '../lab/lab.ts'
import { openPage } from '../page/server.ts'
import { DEFAULT_PORT, outOf, portOf } from '../plan/options.ts'
import { ownCommand } from '../project/package.ts'
import { print } from '../text/wrap.ts'

const WATCH_HELP = `${ownCommand('watch', '[options]')}

The labs on a page of your browser: start one, see it grow, strike it by hand, open earlier runs.

  --port N   where to serve it on 127.0.0.1 (default: ${DEFAULT_PORT}; 0: any free one)
  --out DIR  where runs are kept (default: runs)
  --help     this text
`

/**
 * Serves the page until Ctrl-C.
 * @returns the exit status
 * @throws UsageError, CannotRunError
 */
export async function watch(labs: Readonly<Record<string, Lab>>, args: readonly string[]): Promise<number> {
  const { port, out, help } = parse(args)
  if (help) {
    print(process.stdout, WATCH_HELP)
    return 0
  }
  const page = await openPage({ labs, out: outOf(out), port: portOf(port) })
  process.stdout.write(`The page: ${page.url}\n`)
  print(process.stdout, 'Anybody who has this address can start and kill processes here. Ctrl-C ends it.\n')
  await endWanted()
  print(process.stdout, 'ending: what is running is stopped properly; Ctrl-C again does not wait for that\n')
  process.once('SIGINT', () => process.exit(1))
  await page.close()
  return 0
}

/** Resolves when somebody wants it to end. */
function endWanted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: DEFAULT_PORT },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/)
    throw new UsageError(`${first}; try --help`)
  }
}
