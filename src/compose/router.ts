/**
 * The router between the two networks. Clients know only its address: it passes what they send there on to
 * the server and puts its own address in the place of theirs, as a home router with a forwarded port does.
 *
 *     client  10.213.1.x  ---- outside ----  10.213.1.2  router  10.213.2.2  ---- inside ----  10.213.2.10  server
 *
 *     node router.mjs                 translate, and log what is remembered
 *     node router.mjs cut             pass nothing on; nobody is told
 *     node router.mjs mend            pass it on again
 *     node router.mjs forget          forget every conversation
 *     node router.mjs limit SECONDS   forget what idles so long, from now on; "off": the kernel's own limits
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Emitter } from '../events/emit.ts'
import { printable } from '../foreign/printable.ts'
import { CommandError, execute, run } from '../hosts/commands.ts'
import { startControl } from '../rig/control.ts'
import { PORT_RANGE } from './constants.ts'
import { parseMapping } from './mappings.ts'
import { joinSession, openEvents, SESSION_FOLDER } from './session.ts'

/** Nobody waits longer in front of a screen; and a limit under a second forgets between two packets. */
const LIMIT_MAX_SECONDS = 3600
/** The kernel tells that it has forgotten when it sweeps, once a minute or so; whoever lists its table makes it sweep. */
const SWEEP_EVERY_MS = 2000
const USAGE = 'usage: strike cut | mend | forget | limit SECONDS | limit off'

const OUTSIDE = process.env.STILLHERE_OUTSIDE ?? '10.213.1.2'
const SERVER = process.env.STILLHERE_SERVER ?? '10.213.2.10'
/** A table of its own, drawn before the others: to take it away is the whole undo. */
const CUT_TABLE = 'stillhere_cut'

const [command, argument, ...more] = process.argv.slice(2)
void main().then((status) => {
  process.exitCode = status
})

async function main(): Promise<number> {
  if (more.length > 0 || !isWellFormed()) {
    process.stderr.write(
      `strike: "${printable(process.argv.slice(2).join(' '))}" is not understood\n${USAGE}\n`,
    )
    return 2
  }
  const session = await joinSession(SESSION_FOLDER)
  const { log } = openEvents(SESSION_FOLDER, session, 'router')
  const emit = log.emitter('router')
  try {
    if (command === undefined) await translate(emit)
    else await strike(emit)
    return 0
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`strike: ${printable(error.message)}\n`)
    return 1
  }
}

function isWellFormed(): boolean {
  if (command === undefined) return true
  if (command === 'limit') {
    const seconds = Number(argument)
    return (
      argument === 'off' || (/^\d{1,4}$/.test(argument ?? '') && seconds >= 1 && seconds <= LIMIT_MAX_SECONDS)
    )
  }
  return ['cut', 'mend', 'forget'].includes(command) && argument === undefined
}

async function translate(emit: Emitter): Promise<void> {
  emit('program:started', { node: process.version, mechanisms: [] })
  await translateFrom(null, emit)
  emit('router:rules_updated', { forwarding: 'open', idleLimitSeconds: null, because: 'the router starts' })
  process.stdout.write(`router: ${OUTSIDE} stands for ${SERVER}, ports ${PORT_RANGE}\n`)

  // Of all containers this one has least to do: when even its timer is late, the machine is busy.
  const control = startControl(emit)
  const sweeping = setInterval(() => void execute(['conntrack', '-L']), SWEEP_EVERY_MS)
  const conntrack = spawn('conntrack', ['-E', '--event-mask', 'NEW,DESTROY'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      emit('program:stopping', { because: signal })
      conntrack.kill('SIGTERM')
    })
  }
  for await (const line of createInterface({ input: conntrack.stdout })) {
    const mapping = parseMapping(line, SERVER)
    if (mapping !== null) emit('router:mapping_updated', mapping)
  }
  clearInterval(control)
  clearInterval(sweeping)
}

async function strike(emit: Emitter): Promise<void> {
  const askedAt = performance.now()
  switch (command) {
    case 'cut':
      await nft(cutRules, emit)
      await report(emit, 'somebody cut it', askedAt)
      return say('nothing is passed on any more, and nobody was told; "strike mend" undoes it')
    case 'mend':
      await nft(`table ip ${CUT_TABLE}\ndelete table ip ${CUT_TABLE}\n`, emit)
      await report(emit, 'somebody mended it', askedAt)
      return say('packets are passed on again')
    case 'forget':
      await run(['conntrack', '-F'], emit)
      return say('every conversation is forgotten; the two ends were not told')
    case 'limit':
      return await limit(emit, askedAt)
  }
}

/** A conversation gets its limit when the router first sees it: those it knows already keep theirs. */
async function limit(emit: Emitter, askedAt: number): Promise<void> {
  const seconds = argument === 'off' ? null : Number(argument)
  await translateFrom(seconds, emit)
  await report(emit, 'somebody set the limit', askedAt)
  const what =
    seconds === null
      ? "the kernel's own limits are in force again"
      : `${seconds} idle seconds, and it is forgotten`
  say(`${what}: for conversations that begin from now on. "docker compose restart client" begins them anew`)
}

/** What is in force is read back, not taken from what was asked; on a busy machine that takes a second. */
async function report(emit: Emitter, because: string, askedAt: number): Promise<void> {
  const { stdout } = await execute(['nft', 'list', 'ruleset', 'ip'])
  const idle = /established : (\d+)/.exec(stdout)?.[1]
  emit('router:rules_updated', {
    forwarding: stdout.includes(`table ip ${CUT_TABLE} {`) ? 'cut' : 'open',
    idleLimitSeconds: idle === undefined ? null : Number(idle),
    because,
    uncertainMs: performance.now() - askedAt,
  })
}

function say(words: string): void {
  process.stdout.write(`${words}\n`)
}

async function nft(text: string, emit: Emitter): Promise<void> {
  // Never "flush ruleset": the engine's own rules for names live in the same kernel.
  await run(['nft', text], emit)
}

/**
 * Sets the rules, also for who spoke before they were there. A kernel decides about a conversation at its first
 * packet: what a client sent while this router was starting is remembered as meant for the router itself, and a
 * heartbeat over UDP, which never falls silent, would renew that memory for ever.
 */
async function translateFrom(idleLimitSeconds: number | null, emit: Emitter): Promise<void> {
  await nft(rules(idleLimitSeconds), emit)
  // Each ends with 1 where there is none to forget, which is the rule. What the server said to the router itself would
  // keep the port that its client has to have again.
  await execute(['conntrack', '-D', '--orig-dst', OUTSIDE, '--reply-src', OUTSIDE])
  await execute(['conntrack', '-D', '--orig-src', SERVER])
}

const cutRules = `
table ip ${CUT_TABLE}
delete table ip ${CUT_TABLE}
table ip ${CUT_TABLE} {
  chain pass_nothing {
    type filter hook forward priority -10; policy drop;
  }
}
`

/**
 * What the router does. A packet of no conversation it knows is dropped: a router that has forgotten is silent.
 * (tcp_loose = 0, set in docker-compose.yml, keeps it from taking up a conversation in the middle.)
 */
function rules(idleLimitSeconds: number | null): string {
  const limits =
    idleLimitSeconds === null
      ? ''
      : `
  ct timeout idle_tcp {
    protocol tcp
    l3proto ip
    policy = { established : ${idleLimitSeconds} }
  }
  ct timeout idle_udp {
    protocol udp
    l3proto ip
    policy = { unreplied : ${idleLimitSeconds}, replied : ${idleLimitSeconds} }
  }
  chain limits {
    type filter hook prerouting priority -150; policy accept;
    meta l4proto tcp ct timeout set "idle_tcp"
    meta l4proto udp ct timeout set "idle_udp"
  }`
  return `
table ip stillhere
delete table ip stillhere
table ip stillhere {${limits}
  chain to_the_server {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${OUTSIDE} tcp dport ${PORT_RANGE} dnat to ${SERVER}
    ip daddr ${OUTSIDE} udp dport ${PORT_RANGE} dnat to ${SERVER}
  }
  chain in_our_name {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr ${SERVER} masquerade
  }
  chain passes {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
  }
  chain answers_nobody {
    type filter hook input priority filter; policy accept;
    ct state invalid drop
    tcp dport ${PORT_RANGE} drop
    udp dport ${PORT_RANGE} drop
    ip saddr ${SERVER} drop
  }
}
`
}
