/** What is claimed in several cases of a session: that it lives, and how it ends. */
import type { HostSide } from '../../src/events/host-names.ts'
import type { LabEvent } from '../../src/events/vocabulary.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { type Claims, counts, took } from '../../src/lab/claims.ts'
import type { SessionSettings } from './conditions.ts'
import { forgottenAfter, type Range } from './expectations.ts'
import { carriers, keptAt, oversAt, sessionsOf, stateAt, toClient, toServer } from './messages.ts'

type SessionCell = Cell<SessionSettings>

export const PROTOCOL = 'src/protocols/session/README.md'
export const ROTATION = 'RFC 9700 section 4.14.2: a token that was used before shows that somebody has a copy'

/** The session lives until it is closed. @param connections how many let it in, one after another */
export function lives(cell: SessionCell, connections: number): Claims {
  return [
    delivered(cell),
    once(cell),
    answers(cell),
    carried(cell, connections),
    sessions(cell, 1, 'it is one session all along'),
  ]
}

function delivered(cell: SessionCell) {
  const { said, delivered, lost } = toServer(cell)
  return counts(cell, 'delivered', cell.settings.messages, said.length - lost, 'messages', {
    claim: 'every message that the client said is handed over at the server',
    formula: 'handed over = said',
    because: `${said.length} were said, ${lost} never came`,
    source: PROTOCOL,
    evidence: [said.at(0), delivered.at(0), said.at(-1), delivered.at(-1)],
  })
}

/** Both ways. Where nothing at all was handed over, nothing could be. */
export function once(cell: Cell) {
  const ways = sessionsOf(cell).flatMap((session) => [toServer(cell, session), toClient(cell, session)])
  const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0)
  const handed = sum(ways.map(({ delivered }) => delivered.length))
  const doubled = sum(ways.map(({ doubled }) => doubled))
  const overtaken = sum(ways.map(({ overtaken }) => overtaken))
  return counts(cell, 'once', 0, handed === 0 ? undefined : doubled + overtaken, 'messages', {
    claim: 'no message is handed over twice, or after one that was said later; both ways',
    formula: 'doubled + overtaken = 0',
    because: `${handed} were handed over, ${doubled} of them twice, ${overtaken} out of turn`,
    source: PROTOCOL,
    evidence: ways.map(({ delivered }) => delivered.at(-1)),
  })
}

/** The server counts what it acts on, and says so. Its memory is the judge, not our log. */
function answers(cell: SessionCell) {
  const came = cell.a.all('session:message_delivered')
  const logged = new Set(came.map(({ data }) => data.number))
  const right = came.filter(({ data }) => data.text === `${data.number} message ${data.number}`).length
  // By a client that was killed before it could log it.
  const kept = Array.from({ length: keptAt(cell, 'a') }, (_, at) => at + 1).filter((at) => !logged.has(at))
  const inPlace = right + kept.length
  return counts(cell, 'answers', cell.settings.messages, inPlace, 'answers', {
    claim: 'the server counts each message once: its answers come back as 1 message 1, 2 message 2, ...',
    formula: 'answers in their place = messages',
    because: `${came.length} answers came, the last was "${came.at(-1)?.data.text ?? ''}"`,
    source: PROTOCOL,
    evidence: [came.at(0), came.at(-1)],
    short: String(inPlace),
  })
}

const CARRIED = {
  tcp: {
    unit: 'connections',
    claim:
      'the session takes one more TCP connection each time it goes on, counted by the SYNs of those that were let in',
  },
  udp: {
    unit: 'ports',
    claim: 'no connection at all: the session takes one more port of the client each time it goes on',
  },
}

function carried(cell: Cell, connections: number) {
  const { unit, claim } = cell.row === 'tcp' ? CARRIED.tcp : CARRIED.udp
  const them = carriers(cell)
  return counts(cell, 'connections', connections, them === null ? null : them.ports.size, unit, {
    claim,
    formula: `1 + the times that it goes on = ${connections}`,
    because: [...(them?.ports ?? [])].join(', '),
    source: 'captured packets: a SYN from there (TCP), and WELCOME or RESUMED to it',
    evidence: them?.packets ?? [],
  })
}

export function sessions(cell: Cell, expected: number, claim: string) {
  const names = sessionsOf(cell)
  return counts(cell, 'sessions', expected, names.length, 'sessions', {
    claim,
    formula: `names of sessions at the server = ${expected}`,
    because: names.join(', '),
    source: PROTOCOL,
    evidence: [stateAt(cell, 'b', 'attached')],
  })
}

/** From the strike to the end of a connection that it hit. */
export function noticed(cell: Cell, side: HostSide, { minMs, maxMs, formula }: Range): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const who = side === 'a' ? 'client' : 'server'
  const event = stateAt(cell, side, 'detached', { from: strike.began })
  // A process that does not run hears nothing, and does not hold it against its peer.
  const pausedMs = event === undefined ? 0 : cell.at(side).pausedMs({ from: strike.began, to: event.time })
  const paused = pausedMs === 0 ? '' : ` + ${pausedMs} in which it did not run`
  // The fault was in force at some moment while its command ran.
  const strikingMs = Math.ceil(strike.at - strike.began)
  const span = { minMs: minMs - strikingMs, maxMs: maxMs + pausedMs }
  return [
    took(cell, `noticed-${who}`, span, strike.at, event, {
      claim: `the ${who} gives the connection up, and keeps the session`,
      formula: `${formula}${paused}; the fault began up to ${strikingMs} ms before it was certain`,
      because: event?.data.because ?? 'it did not happen',
      source: PROTOCOL,
    }),
  ]
}

/** The session that nobody resumed. */
export function forgot(cell: SessionCell) {
  const over = oversAt(cell, 'b').find(({ data }) => data.because === 'grace-over')
  const detached = cell.b
    .all('session:state_updated', over && { to: over.time })
    .findLast(({ data }) => data.new === 'detached' && data.session === over?.data.session)
  const { formula, ...span } = forgottenAfter(cell.settings.graceMs)
  return took(cell, 'forgot', span, detached, over, {
    claim:
      'the server forgets a session that no connection has carried for the grace period, and logs that it is over',
    formula,
    because: `its connection was given up: ${detached?.data.because ?? 'not seen'}`,
    source: PROTOCOL,
    evidence: [detached, over],
  })
}

/** From the mending of a cut to the answer that the client then gets. */
export function answered(cell: Cell, what: string, range: Range, event: LabEvent | undefined, claim: string) {
  const { formula, ...span } = range
  return took(cell, what, span, cell.moment('mending'), event, {
    claim,
    formula,
    because: 'the client keeps trying: nobody tells it that the cable is mended',
    source: PROTOCOL,
  })
}

/** A client says what it cannot know: which messages may have arrived. */
export function announced(cell: Cell) {
  const [over] = oversAt(cell, 'a')
  const announced = new Set(over?.data.unacknowledged ?? [])
  const { said, delivered, lost } = toServer(cell)
  const arrived = new Set(delivered.map(({ data }) => data.number))
  const silent = said.filter(({ data }) => !arrived.has(data.number) && !announced.has(data.number))
  const isKnown = over !== undefined && said.length > 0
  return counts(cell, 'announced', 0, isKnown ? silent.length : undefined, 'messages', {
    claim:
      'the client names every message that was lost with the session, among those that may have been lost',
    formula: 'lost and not named = 0',
    because: `${lost} of ${said.length} were lost, ${announced.size} named`,
    source: PROTOCOL,
    evidence: [over],
  })
}
