import { ownCommand } from '../project/package.ts'

/** What a person types to run a lab: `npm run lab:keepalive -- --play`, or what docker-compose.yml has put in its place. */
export function runCommand(lab: string, options = ''): string {
  const container = process.env.STILLHERE_RUN_COMMAND
  if (container !== undefined) return [container, lab, options].filter((part) => part !== '').join(' ')
  return ownCommand(`lab ${lab}`, options)
}
