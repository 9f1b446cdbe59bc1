/**
 * The command line: `npm run lab:<id>`, `lab`, `try`, `guide`, `forecast`, `watch`, `report`, `doctor`.
 *
 * Exit status: 0 every check that was not skipped passed, 1 one failed, 2 wrong usage, 3 this machine
 * cannot run it, 4 none failed but something was inconclusive, 70 a fault of this program.
 */

import { isLabId, loadLab } from '../labs/load.ts'
import { printable, printableLines } from './foreign/printable.ts'
import { shortened } from './foreign/shortened.ts'
import { UsageError } from './foreign/usage.ts'
import type { Lab } from './lab/lab.ts'
import { runCommand } from './lab/run-command.ts'
import { CannotRunError } from './launcher/launch.ts'
import { WRONG_USAGE } from './plan/options.ts'
import { isPackage, ownCommand } from './project/package.ts'
import { beside, print } from './text/wrap.ts'
import { GLOSSARY } from './view/glossary.ts'
import { endWithPipe } from './view/terminal/pipe.ts'
import { styleFor } from './view/terminal/style.ts'

const CANNOT_RUN = 3
/** EX_SOFTWARE of sysexits(3): Node's own 1 would read as a check that failed. */
const OWN_FAULT = 70
/** Advice fits easily; what is longer quotes a file of somebody else's. */
const MESSAGE_MAX = 5000

process.on('uncaughtException', (error) => {
  tellOwnFault(error)
  process.exit(OWN_FAULT)
})
process.exitCode = await main(process.argv.slice(2))

/** Each command is loaded when it is called: all of them, with all labs, take two seconds and 100 MB. */
async function main([command, ...args]: string[]): Promise<number> {
  try {
    if (command === 'doctor' && args.length === 0)
      return await (await import('./commands/doctor.ts')).doctor()
    if (command === 'try') return await (await import('./commands/try.ts')).tryCommand(args)
    // It writes into the project's own guide/.
    if (command === 'guide' && !isPackage)
      return await (await import('./commands/guide.ts')).guideCommand(args)
    if (command === 'report') return await (await import('./commands/report.ts')).reportCommand(args)
    if (command === 'forecast') return await (await import('./commands/forecast.ts')).forecastCommand(args)
    // As `docker compose run lab try ...` says it: the container's command begins with "lab".
    if (command === 'lab' && args[0] === 'try') {
      return await (await import('./commands/try.ts')).tryCommand(args.slice(1))
    }
    if (command === 'watch') {
      const { labs } = await import('../labs/index.ts')
      return await (await import('./commands/watch.ts')).watch(labs, args)
    }
    if (command === 'lab' && args[0] === undefined) return await listLabs()
    if (command === 'lab' && args[0] === '--words') return tellWords()
    if (command === 'lab' && args[0] === 'compare') {
      return await (await import('./commands/compare.ts')).compareCommand(args.slice(1))
    }
    const id = args[0]
    if (command === 'lab' && isLabId(id)) {
      const lab: Lab = await loadLab[id]()
      return await (await import('./commands/lab.ts')).runLab(lab, args.slice(1))
    }
    throw new UsageError(
      command === 'lab'
        ? `no lab "${id}"; there are ${Object.keys(loadLab).join(', ')} and compare`
        : `no command "${[command, ...args].join(' ')}"; there are lab, try, ${isPackage ? '' : 'guide, '}watch, report, forecast and doctor`,
    )
  } catch (error) {
    if (error instanceof UsageError || error instanceof CannotRunError) {
      // Why a machine cannot do it may be the last lines of a program.
      const message = error instanceof UsageError ? printable(error.message) : printableLines(error.message)
      print(process.stderr, `stillhere: ${shortened(message, MESSAGE_MAX)}\n`)
      return error instanceof UsageError ? WRONG_USAGE : CANNOT_RUN
    }
    throw error
  }
}

/** Its message may quote somebody else, and Node would print that as it stands. */
function tellOwnFault(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  print(
    process.stderr,
    `stillhere: this is a fault of stillhere itself; what follows helps to mend it:\n${shortened(printableLines(text), MESSAGE_MAX)}\n`,
  )
}

/** In the order in which to take them. */
async function listLabs(): Promise<number> {
  endWithPipe(process.stdout)
  print(process.stdout, 'Take them in this order; each takes about half a minute.\n')
  const { labs } = await import('../labs/index.ts')
  const commands = Object.keys(labs).map((id) => runCommand(id))
  const width = Math.max(...commands.map(({ length }) => length))
  const lines = Object.values(labs).flatMap(({ question }, index) =>
    beside(`${String(index + 1).padStart(2)}  ${commands[index]?.padEnd(width)}  `, question),
  )
  print(
    process.stdout,
    [
      ...lines,
      `What they saw, side by side: ${runCommand('compare')}`,
      `What the words mean: ${ownCommand('lab', '--words')}`,
      `What this machine can show: ${ownCommand('doctor')}`,
      '',
    ].join('\n'),
  )
  return 0
}

function tellWords(): number {
  const width = Math.max(...GLOSSARY.map(({ word }) => word.length)) + 2
  const { columns } = styleFor(process.stdout, { plain: true })
  const lines = GLOSSARY.flatMap(({ word, meaning }) => beside(word.padEnd(width), meaning, columns))
  process.stdout.write(`${lines.join('\n')}\n`)
  return 0
}
