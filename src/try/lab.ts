/**
 * Your own program under every fault, as a lab: its cases are the faults, each on a fresh pair of hosts, and its
 * one row is the program. Host a runs the clients, host b the server.
 *
 *       cut-a                                       cut-b
 *   sh -c '...'   ==== switch, cable, router ====   sh -c '...'
 *
 * Who comes later (`--later`) is on a third host, beside the server's; so are a second server, and the balancer
 * of `lb-forgets`.
 */
import { writeFileSync } from 'node:fs'
import { afterBytes } from '../faults/after-bytes.ts'
import type { Fault } from '../faults/fault.ts'
import { natForgetsIdle } from '../faults/nat-forgets.ts'
import { UsageError } from '../foreign/usage.ts'
import type { Pair } from '../hosts/host.ts'
import type { Lab } from '../lab/lab.ts'
import type { Plan } from '../plan/plan.ts'
import type { Rig } from '../rig/rig.ts'
import { Balancer } from './balancer.ts'
import { casesOn, lastsMs, type TryCase, wishOf } from './faults.ts'
import { findingsOf } from './findings.ts'
import { heal } from './heal.ts'
import { untilForgotten } from './idle-router.ts'
import { judgeTry } from './judge.ts'
import { measureLink } from './link.ts'
import { TriedPrograms } from './programs.ts'
import type { TrySettings } from './request.ts'
import { runAsWords } from './run-as.ts'
import { taleOf } from './tell.ts'
import { openTunFile } from './tun.ts'
import { Tunnel } from './tunnel.ts'

export const TRY = 'try'

/** What the run of somebody's programs asks. */
export function questionOf({ name }: Pick<TrySettings, 'name'>): string {
  return `${name}: who notices, and when?`
}

/** @param settings absent where an earlier run is only told */
export function tryLab(
  settings: TrySettings,
  watchMs: number,
  sysctls: Record<string, string>,
): Lab<TrySettings> {
  return {
    id: TRY,
    question: questionOf(settings),
    cases: casesOn(settings),
    mechanisms: [settings.name],
    showFirst: settings.faults.map((fault) => `${fault}/${settings.name}`),
    lessons: {},
    prepare: () => ({ settings, sysctls, watchMs }),
    experiment,
    questions: () => [],
    judge: judgeTry,
    findings: (log, plan) => findingsOf(log, plan),
    story: (log, plan) => ({ ...taleOf(log, plan), cell: plan.cells[0] ?? '' }),
  }
}

/** Some faults at once, and the next as soon as one is done. */
export async function experiment(rig: Rig, plan: Plan<TrySettings>): Promise<void> {
  trySysctls(plan.settings.sysctls)
  const cases = casesOn(plan.settings)
  const possible = rig.possible(cases)
  const waiting = cases.filter(({ id }) => possible.includes(id))
  const { atOnce, allowOutside, allowLoopback } = plan.settings
  const reach = allowOutside
    ? `the programs can reach this machine's network${allowLoopback ? ' and loopback' : ''}, by the proxy that http_proxy names (--allow-outside)`
    : "the programs cannot reach this machine's network"
  rig.say(
    waiting.length === 1
      ? `1 fault, on two hosts of its own; ${reach}`
      : `${waiting.length} faults, ${Math.min(atOnce, waiting.length)} at once, each on two hosts of its own; ${reach}`,
  )
  if (plan.settings.allowTun) await openTunFile(rig, plan.settings.runAs.name !== null)
  if (plan.settings.tunnel)
    rig.say(
      'the programs talk through a WireGuard tunnel, whose datagrams the network has (--link wireguard)',
    )
  const who = runAsWords(plan.settings.runAs)
  if (who !== null) rig.say(who)
  await Promise.all(
    Array.from({ length: Math.min(atOnce, waiting.length) }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        try {
          await oneFault(rig, plan, next)
        } catch (error) {
          // Somebody's kill spoils one pair, and is told; the others go on.
          if ((await rig.killOn(next.id)) === null) throw error
        }
      }
    }),
  )
}

/**
 * Tries what somebody wants to set, where it does no harm: in the namespace between the hosts.
 * @throws UsageError
 */
function trySysctls(sysctls: Record<string, string>): void {
  for (const [path, value] of Object.entries(sysctls)) {
    try {
      writeFileSync(`/proc/sys/${path}`, value)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new UsageError(
        code === 'ENOENT' || code === 'EACCES'
          ? `--sysctl ${path}: a host has no such setting of its own`
          : `--sysctl ${path}=${value}: the kernel refuses the value (${code})`,
      )
    }
  }
}

async function oneFault(rig: Rig, { settings, mechanisms }: Plan<TrySettings>, one: TryCase): Promise<void> {
  const { id, fault, role } = one
  const { link } = settings
  const [pair] = await rig.boot([wishOf(one, settings)])
  if (pair === undefined) return
  const problem = link === null ? null : await measureLink(rig, pair, link)
  if (problem !== null) return rig.skip(id, problem)
  const row = mechanisms[0] ?? settings.name
  const balancer = fault === 'lb-forgets' ? new Balancer(rig, pair, row, settings.family) : null
  const tunnel = settings.tunnel ? new Tunnel(rig, pair) : null
  const programs = new TriedPrograms(rig, tunnel?.pair ?? pair, settings, row, { balancer, tunnel })
  try {
    await programs.begin()
    const watching = programs.watch()
    watching.catch(() => {}) // heard below, unless the run ends first
    await programs.untilStrike()
    const struck = role === 'client' ? pair.a : pair.b
    const wanted =
      balancer === null
        ? await wantedFault(rig, pair, fault, settings)
        : await balancer.untilIdle(settings.balancer)
    programs.strikes()
    const inForce = await rig.strike(wanted, pair, struck)
    await programs.startLater()
    const mend = () => heal(rig, pair, struck, fault, inForce)
    // Where both are at once, the fault still is in force when somebody is asked.
    const acts = [
      { atMs: settings.watchMs, act: () => programs.ask() },
      { atMs: lastsMs(fault, settings), act: mend },
    ]
    for (const { atMs, act } of acts.sort((one, other) => one.atMs - other.atMs)) {
      await rig.sleep(inForce.sinceMs + atMs - performance.now())
      await act()
    }
    await rig.sleep(settings.recoverMs)
    programs.end()
    await watching
    rig.endWatch(fault, pair, struck)
  } finally {
    programs.end()
  }
}

/** As it is in the registry, or otherwise. A router that forgets by itself has done so when this resolves. */
async function wantedFault(
  rig: Rig,
  pair: Pair,
  fault: TryCase['fault'],
  { router, bytes, watchMs }: TrySettings,
): Promise<Fault | TryCase['fault']> {
  if (fault === 'nat-forgets' && router !== null) {
    return natForgetsIdle(router, await untilForgotten(rig, pair, router))
  }
  return fault === 'after-bytes' && bytes !== null ? afterBytes(bytes, watchMs) : fault
}
