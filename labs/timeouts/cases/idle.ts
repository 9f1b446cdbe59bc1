/** Nobody speaks. At first all is well, then the path dies, and in the end it is whole again. */
import type { LabEvent } from '../../../src/events/vocabulary.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell, End } from '../../../src/lab/cell.ts'
import { AT_ONCE, type Claims, counts, nothing, took } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { received, sent } from '../../../src/lab/packets.ts'
import type { TimeoutsSettings } from '../conditions.ts'
import { keepalive, sentAgain } from '../expectations.ts'
import { silence } from '../silence.ts'
import { open } from '../sockets.ts'
import { firstOf, inTable, KERNEL_TOLD, lastOf, lasts, otherEnd, staysQuiet, timeoutFires } from '../waits.ts'

/** Beyond the end of a timer: for what it does to be seen. */
const AFTERWARDS_MS = 500
/** When the path has been dead for that long, each keepalive should be over. */
const GIVES_UP = { withinMs: 2000 }

export const idle: CaseOf<TimeoutsSettings> = {
  id: 'idle',
  promise: 'nobody sends anything, and then the path dies',
  needs: ['cable'],

  async act(rig, pair, settings) {
    const { a, b } = pair
    const { outlasted, setKeepAliveMs, setTimeoutMs, withinMs } = settings
    const plain = await open(rig, pair, 'plain')
    await open(rig, pair, 'keepalive', { keepalive: settings.keepalive })
    const limited = await open(rig, pair, 'user-timeout', { userTimeoutMs: settings.userTimeoutMs.idle })
    await open(rig, pair, 'keepalive-ut', outlasted)
    const set = await open(rig, pair, 'set-keepalive')
    await set.client.setKeepAlive(true, setKeepAliveMs.whole)
    const tooShort = await open(rig, pair, 'set-keepalive-0')
    await tooShort.client.setKeepAlive(true, setKeepAliveMs.tooShort)
    const timed = await open(rig, pair, 'set-timeout', {}, { does: 'echo' })
    await timed.client.setTimeout(setTimeoutMs)
    for (const { client } of [set, tooShort]) await client.observe()
    rig.mark(pair, 'all-set')

    // All is well, and nobody speaks, until one of them asks, and is answered.
    await rig.came(rig.untilEvent(a, 'tcp:idle_timeout', { groupId: timed.client.groupId, withinMs }))
    rig.mark(pair, 'asking')
    await timed.client.write('are you there?')
    await rig.came(rig.untilEvent(a, 'tcp:received', { groupId: timed.client.groupId }))
    // And once more: what is to come finds it run out, and every keepalive answered.
    await rig.sleep(setTimeoutMs + AFTERWARDS_MS)

    const { undo } = await rig.strike(silence, pair)
    await rig.sleep(settings.idleMs)
    const gaveUp = (mechanism: string) => rig.untilEvent(a, 'tcp:error_received', { mechanism, ...GIVES_UP })
    await Promise.all(['keepalive', 'keepalive-ut', 'set-keepalive'].map((row) => rig.came(gaveUp(row))))
    await undo()
    rig.mark(pair, 'whole')
    for (const { client } of [plain, limited]) {
      await client.write('still here')
      await rig.came(rig.untilEvent(b, 'tcp:received', { groupId: client.groupId }))
    }
  },

  rows: {
    plain: (cell) => [...neverEnds(cell, 'no option is set that could end it'), ...carriesOn(cell)],

    keepalive: probed,

    'user-timeout'(cell) {
      const { userTimeoutMs = 0 } = cell.a.options() ?? {}
      const because = `TCP_USER_TIMEOUT ${userTimeoutMs} ms is set, and nothing is unanswered`
      return [...neverEnds(cell, because), ...carriesOn(cell)]
    },

    'keepalive-ut': probed,

    'set-keepalive'(cell) {
      const { whole } = cell.settings.setKeepAliveMs
      return [
        ...probed(cell),
        idleTime(cell, whole, `${whole} ms`, `setKeepAlive(true,${whole}) sets the idle time`),
      ]
    },

    'set-keepalive-0'(cell) {
      const { tooShort } = cell.settings.setKeepAliveMs
      const own = cell.a.sysctl('tcp_keepalive_time') * 1000
      const formula = `${tooShort} ms is 0 s: tcp_keepalive_time of this host`
      const claim = `setKeepAlive(true,${tooShort}) asks for less than a second, and leaves the system's own idle time`
      return [
        inTable(idleTime(cell, own, formula, claim)),
        ...neverEnds(cell, 'the first probe is not due before the idle time of the system is over'),
      ]
    },

    'set-timeout'(cell) {
      const { a } = cell
      const asking = cell.between('asking', 'whole')
      if (asking === null || cell.strike === undefined) return []
      const gone = { from: cell.strike.at, to: asking.to }
      const before = a.all('tcp:idle_timeout', { to: gone.from })
      const question = firstOf(sent(a.packets(asking)), 'data')
      return [
        timeoutFires(cell, {
          claim: 'setTimeout() fires on a healthy connection on which nobody speaks',
          because: 'silence is all that it counts',
        }),
        took(cell, 'alive', AT_ONCE, question, a.first('tcp:received', asking), {
          claim: 'the peer was healthy all along: it answers on the same connection',
          formula: '0 .. slack after the question',
          because: 'it had said nothing because nobody had asked it anything',
          source: 'Node.js, socket.setTimeout(): "the connection will not be severed"',
        }),
        nothing(cell, 'silent', before.length === 0 ? null : a.all('tcp:idle_timeout', gone), gone, {
          claim: 'while the peer is gone it does not fire again: nothing has restarted it',
          formula: 'once for each time of silence, and this one began before the path died',
          because: `it fired ${before.length} times before the path died`,
          unseen: 'it was not seen to fire before the path died',
          source: 'Node.js, socket.setTimeout()',
        }),
      ]
    },
  },
}

/** From the moment when all was set up until the path is whole again: in the meantime it dies. */
function neverEnds(cell: Cell, because: string): Claims {
  const quiet = cell.between('all-set', 'whole')
  if (quiet === null) return []
  const { a, b } = cell
  const [atA, atB] = [otherThanUp(a, quiet), otherThanUp(b, quiet)]
  const packets = cell.packets(quiet)
  const before = cell.packets({ to: quiet.from })
  // A capture that did not know this connection by its handshake would not know its probes either.
  const isKnown = before !== null && before.length > 0
  return [
    staysQuiet(cell, 'quiet', atA && atB && [...atA, ...atB], quiet, {
      claim:
        'idle time ends nothing, whether the path is alive or dead: no state and no belief changes, at either end',
      formula: 'nothing, for the whole watch: no timer runs that could end it so soon',
      because,
      source: 'RFC 9293 sections 3.8.3 (user timeout) and 3.8.4 (keepalive)',
      evidence: [a, b].map((end) => end.last('kernel:socket_updated', { to: quiet.to })),
    }),
    counts(cell, 'packets', 0, isKnown ? packets : null, 'packets', {
      claim: 'it costs nothing: not one packet passes, at either end',
      formula: '0 for the whole watch',
      because: `the same captures saw ${before?.length ?? 0} packets of this connection before that time`,
      source: 'RFC 9293 section 3.8.4: keepalive defaults to off',
      evidence: [...(packets ?? []), ...(before ?? [])],
    }),
  ]
}

/** What an end's kernel or program held in a time that was not "open"; null where either did not tell. */
function otherThanUp(end: End, quiet: Period): LabEvent[] | null {
  const table = end.last('kernel:socket_updated', { to: quiet.from })
  const belief = end.last('belief:updated', { to: quiet.from })
  if (table === undefined || belief === undefined) return null
  return [
    ...[table, ...end.all('kernel:socket_updated', quiet)].filter(
      ({ data }) => data.new?.state !== 'ESTABLISHED',
    ),
    ...[belief, ...end.all('belief:updated', quiet)].filter(({ data }) => data.new !== 'up'),
  ]
}

/** The path is back, and it carries on. */
function carriesOn(cell: Cell): Claims {
  const whole = cell.moment('whole')
  if (whole === undefined) return []
  const data = firstOf(sent(cell.a.packets({ from: whole })), 'data')
  return [
    took(cell, 'afterwards', AT_ONCE, data, cell.b.first('tcp:received', { from: whole }), {
      claim: 'when the path is whole again, the connection carries data as if nothing had happened',
      formula: '0 .. slack after it was sent',
      because: 'a connection is two entries in two tables, and nobody has changed them',
      source: 'RFC 9293 section 3.8.3',
    }),
  ]
}

/** The kernel asks, and has no answer. */
function probed(cell: Cell): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const { a } = cell
  const error = a.first('tcp:error_received', { from: strike.began })
  const to = error?.time ?? cell.watch.to
  const answers = received(a.packets({ to }))
  const heard = lastOf(answers)
  const asks = a.keepalive()
  const expected = asks && keepalive(asks, a.options()?.userTimeoutMs ?? 0, cell.jiffyMs)
  const probes = sent(a.packets({ from: heard?.time ?? strike.began, to }))?.filter(
    ({ data }) => data.kind === 'keepalive-probe',
  )
  return [
    lasts(cell, 'gives-up', expected, heard, error, {
      claim: 'its kernel asks, and gives up when nothing has been heard for that long',
      because: 'keepalive is on: an idle connection is asked now and then whether its peer is there',
      code: KERNEL_TOLD,
    }),
    counts(cell, 'probes', expected ? sentAgain(expected) : 0, (expected && probes) ?? null, 'probes', {
      claim: 'as many probes stay unanswered as its settings say, and then it asks no more',
      formula: expected?.formula ?? '',
      because: `${answers?.length ?? 0} packets of its peer had come before, the last of them an answer`,
      source: expected?.source ?? '',
    }),
    otherEnd(cell, cell.moment('whole')),
  ]
}

/** What Node's setKeepAlive() made of its argument. */
function idleTime(cell: Cell, idleMs: number, formula: string, claim: string): Claims[number] {
  const { a } = cell
  const set = a.first('tcp:option_set')
  // Read before, it says what the socket was made with.
  const read = set && a.last('kernel:options_read', { from: set.time })
  const options = read?.data
  const told =
    options &&
    `keepalive ${options.keepalive ? 'on' : 'off'}, idle ${options.keepaliveIdleMs} ms, interval ${options.keepaliveIntervalMs} ms, ${options.keepaliveProbes} probes`
  return counts(cell, 'idle-time', idleMs, options?.keepaliveIdleMs ?? null, 'ms', {
    claim,
    formula,
    because: told ?? '',
    unseen: 'the kernel was not asked after it was set',
    source: 'Node.js, socket.setKeepAlive(); tcp(7) TCP_KEEPIDLE, in seconds',
    evidence: [set, read],
  })
}
