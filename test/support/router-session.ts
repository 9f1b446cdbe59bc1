/**
 * Routers that forget an idle TCP connection, each in its own way; then one end writes, and both ends' beliefs
 * are what the test gets to see.
 */
import { existsSync } from 'node:fs'
import { wireFaults } from '../../src/faults/registry.ts'
import { execute } from '../../src/hosts/commands.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { RouterSettings } from '../../src/hosts/router.ts'
import { idleConnection, openSession } from './session.ts'

const FORGETS_AFTER_SECONDS = 2
/** Beyond that, and beyond a second by which the table rounds. */
const IDLE_MS = 3500
/** tcp_retries2 = 2 gives up within 4.4 s (src/kernel/give-up.ts). */
const WATCH_MS = 6000

const modes: Record<string, RouterSettings> = {
  loose: {},
  random: { randomPorts: true },
  strict: { tcpLoose: false },
  silent: { tcpLoose: false, invalid: 'drop' },
  deaf: { tcpLoose: false, invalid: 'drop', input: 'drop' },
  resets: { tcpLoose: false, invalid: 'reset' },
}

const { rig, report } = await openSession({ sysctls: { 'net/ipv4/tcp_retries2': '2' } })
const forgetful = Object.entries(modes).flatMap(([mode, settings]) =>
  ['a', 'b'].map((first) => ({
    name: `${mode}-${first}`,
    middle: 'router' as const,
    router: { tcpEstablishedSeconds: FORGETS_AFTER_SECONDS, udpSeconds: 3, udpStreamSeconds: 4, ...settings },
  })),
)
const pairs = await rig.boot([...forgetful, { name: 'keeps', middle: 'router' }])
const keeps = pairs.at(-1) as Pair
await Promise.all(pairs.map((pair) => rig.connect(pair, idleConnection)))

const before = await rig.router(keeps).mappings()
const [first] = pairs as [Pair]
await rig.measure(first.a, first.b, { count: 2, everyMs: 1, bytes: 20, withinMs: 100 })
const short = await rig.router(first).mappings()

await rig.strike(wireFaults['nat-forgets'], keeps)
// The second time without conntrack, as on a system that lacks it.
await rig.write(keeps.a, ['tcp-idle'])
await rig.sleep(200)
const again = await rig.router(keeps).mappings()
const { stdout } = await execute(['sh', '-c', 'command -v conntrack'])
if (existsSync(stdout.trim())) await execute(['mount', '--bind', '/dev/null', stdout.trim()])
const forgottenByCard = await rig.router(keeps).forget()
const after = await rig.router(keeps).mappings()
await rig.write(keeps.a, ['tcp-idle'])

await rig.sleep(IDLE_MS)
await Promise.all(
  pairs.map((pair) =>
    pair === keeps ? null : rig.write(pair.name.endsWith('-a') ? pair.a : pair.b, ['tcp-idle']),
  ),
)
await rig.sleep(WATCH_MS)
await report({ before, short, again, forgottenByCard, after })
