/**
 * `--play`: the bank on this machine's loopback, for a browser. When it is killed, it comes back with the same
 * store: connections are gone, sessions are not.
 */
import { rm } from 'node:fs/promises'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import { mechanismOf } from '../../src/lab/log.ts'
import { PLAY_PAIR } from '../../src/plan/play-command.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import type { Rig } from '../../src/rig/rig.ts'
import { killableBank } from './servers.ts'

/** Long enough to see what a browser says when nobody is there. */
const AWAY_MS = 3000
const DAY_MS = 86_400_000
/** How many users are shown; there are more. */
const SHOWN = 2

export async function play(rig: Rig): Promise<void> {
  const [pair] = await rig.boot([PLAY_PAIR])
  if (pair === undefined) return
  const folder = `${rig.plan.folder}/stores`
  try {
    await Promise.all([keepOpen(rig, 'http', `${folder}/http`), keepOpen(rig, 'https', `${folder}/https`)])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }

  async function keepOpen(rig: Rig, mechanism: 'http' | 'https', store: string): Promise<void> {
    const b = pair?.b
    if (b === undefined) return
    let port = 0
    for (let round = 1; ; round++) {
      const options = { mechanism, name: mechanism, store, port, round, isSecure: mechanism === 'https' }
      const bank = await killableBank(rig, b, options)
      port = bank.at.port
      rig.say(
        `${mechanism}://${bank.at.address}:${port}/ is open; kill -9 ${bank.pid} closes it, and its sessions live on`,
      )
      if (round === 1 && mechanism === 'http') {
        for (const { name, password } of USERS.slice(0, SHOWN))
          rig.say(`  ${name} signs in with "${password}"`)
      }
      // Until somebody kills it, or ends the run.
      await Promise.race([bank.ended, rig.sleep(DAY_MS)])
      rig.say(`the ${mechanism} bank has ended; it opens again in ${AWAY_MS / 1000} s`)
      await rig.sleep(AWAY_MS)
    }
  }
}

/** What the browser does, as the bank sees it. */
export function line(event: LabEvent): string | null {
  const at = `${(event.time / 1000).toFixed(1).padStart(7)} s  `
  const group = `${(mechanismOf(event) ?? '').padEnd(6)} ${(event.group_id?.split(':')[1] ?? '').padEnd(6)} `
  switch (event.name) {
    case 'run:progressed':
      return `${at}${event.data.message}`
    case 'tcp:accepted':
      return `${at}${group} connection opened`
    case 'tcp:closed':
      return `${at}${group} connection closed`
    case 'tls:accepted':
      return `${at}${group}   TLS session ${event.data.isResumed ? 'resumed by a ticket' : 'begun'} (${event.data.protocol})`
    case 'http:request_received':
      return `${at}${group}   ${event.data.method} ${event.data.path}`
    case 'http:response_sent':
      return `${at}${group}   ${event.data.status}`
    case 'http-session:created':
    case 'http-session:renewed':
    case 'http-session:used':
    case 'http-session:expired':
    case 'http-session:refused':
    case 'http-session:ended':
      return `${at}${group}     session ${event.data.session ?? '?'} ${event.name.slice('http-session:'.length)}`
    case 'bank:transfer_done':
      return `${at}${group}     transfer ${event.data.transfer}: ${event.data.cents / 100} to ${event.data.to}`
    case 'bank:transfer_repeated':
      return `${at}${group}     asked for again: nothing moved`
    default:
      return null
  }
}
