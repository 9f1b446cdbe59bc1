/** Once and in order, whatever died meanwhile: what was said at one end, against what was handed over at the other. */
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { PLAIN_IN_CUT, plainLine, rowsOf, type SessionSettings } from './conditions.ts'
import { type Fates, SeenSession } from './seen.ts'

type Claims = (TimedClaim | null)[]

const PROTOCOL = 'src/protocols/session/README.md'

/** The session lives to the end; over so many connections that let it in. */
const LIVES: Record<string, number> = {
  one: 1,
  several: 4,
  move: 2,
  mended: 2,
  'client-kept': 2,
  'server-kept': 2,
  guessed: 1,
}
/** It ends before its time: what was handed over was so once and in order all the same. */
const ENDS = ['too-late', 'client-anew', 'server-anew', 'stolen', 'rivals']

export function deliveryClaims(log: LabLog, plan: Plan<SessionSettings>): Claims {
  const { messages } = plan.settings
  const of = (caseId: string, claims: (seen: SeenSession, row: string) => Claims): Claims =>
    rowsOf(plan, caseId).flatMap((row) => {
      const seen = SeenSession.of(log, caseId, row)
      return seen === null ? [] : claims(seen, row)
    })
  return [
    ...Object.entries(LIVES).flatMap(([caseId, connections]) =>
      of(caseId, (seen, row) => [
        delivered(seen, messages),
        once(seen),
        answers(seen, messages),
        connectionsClaim(seen, row, connections),
        sessions(seen, 1),
      ]),
    ),
    ...ENDS.flatMap((caseId) => of(caseId, (seen) => [once(seen)])),
    ...of('client-anew', (seen) => [sessions(seen, 2)]),
    ...['one', 'mended'].flatMap((caseId) => plainly(log, plan, caseId)),
  ]
}

function delivered(seen: SeenSession, messages: number): TimedClaim {
  const { said, delivered, lost } = seen.toServer()
  return seen.cell.claim('delivered', {
    claim: 'every message that the client said is handed over at the server',
    formula: 'handed over = said',
    expected: { min: messages, max: messages, unit: 'messages' },
    observed: { value: said.length - lost, unit: 'messages' },
    because: `${said.length} were said, ${lost} never came`,
    source: PROTOCOL,
    evidence: [said.at(0), delivered.at(0), said.at(-1), delivered.at(-1)],
  })
}

function once(seen: SeenSession): TimedClaim {
  const both = seen.sessions.flatMap((session): Fates[] => [seen.toServer(session), seen.toClient(session)])
  const count = (of: (fates: Fates) => number) => both.reduce((sum, fates) => sum + of(fates), 0)
  const [doubled, overtaken] = [count((fates) => fates.doubled), count((fates) => fates.overtaken)]
  return seen.cell.claim('once', {
    claim: 'no message is handed over twice, or after one that was said later; both ways',
    formula: 'doubled + overtaken = 0',
    expected: { min: 0, max: 0, unit: 'messages' },
    observed: { value: doubled + overtaken, unit: 'messages' },
    because: `${count((fates) => fates.delivered.length)} were handed over, ${doubled} of them twice, ${overtaken} out of their turn`,
    source: PROTOCOL,
    evidence: both.flatMap((fates) => [fates.delivered.at(-1)]),
  })
}

/** The server counts what it acts on, and says so. Its memory is the judge, not our log. */
function answers(seen: SeenSession, messages: number): TimedClaim {
  const texts = seen.cell.all('a', 'session:message_delivered')
  const logged = new Set(texts.map(({ data }) => data.number))
  const kept = Array.from({ length: seen.kept('a') }, (_, at) => at + 1).filter((each) => !logged.has(each))
  const right = [
    ...texts.filter(({ data }) => data.text === `${data.number} message ${data.number}`),
    ...kept, // by a client that was killed before it could log it
  ]
  return seen.cell.claim('answers', {
    claim: 'the server counted each message once: its answers come back as 1 message 1, 2 message 2, ...',
    formula: 'answers in their place = messages',
    expected: { min: messages, max: messages, unit: 'answers' },
    observed: { value: right.length, unit: 'answers' },
    because: `${texts.length} answers came, the last was "${texts.at(-1)?.data.text ?? ''}"`,
    source: PROTOCOL,
    evidence: [texts.at(0), texts.at(-1)],
    ...(right.length === messages ? { short: `${right.length}` } : {}),
  })
}

function connectionsClaim(seen: SeenSession, row: string, connections: number): TimedClaim | null {
  const seenThem = seen.connections()
  if (seenThem === null) return null
  return seen.cell.claim('connections', {
    claim:
      row === 'tcp'
        ? 'so many TCP connections carried the one session, counted by the SYNs of those that were let in'
        : 'no connection at all: datagrams from so many ports carried the one session',
    formula: `1 + the times that it went on = ${connections}`,
    expected: { min: connections, max: connections, unit: row === 'tcp' ? 'connections' : 'ports' },
    observed: { value: seenThem.ports.size, unit: row === 'tcp' ? 'connections' : 'ports' },
    because: [...seenThem.ports].join(', '),
    source: 'captured packets: a SYN from there (TCP), and WELCOME or RESUMED to it',
    evidence: seenThem.packets,
  })
}

function sessions(seen: SeenSession, expected: number): TimedClaim {
  const { sessions: ids } = seen
  return seen.cell.claim('sessions', {
    claim:
      expected === 1 ? 'it is one session all the time' : 'who comes back with nothing gets another session',
    formula: `${expected} different ids`,
    expected: { min: expected, max: expected, unit: 'sessions' },
    observed: { value: ids.length, unit: 'sessions' },
    because: ids.join(', '),
    source: PROTOCOL,
    evidence: [seen.state('b', 'attached')],
  })
}

/** The same without a session: as many lines as bytes arrived. */
function plainly(log: LabLog, plan: Plan<SessionSettings>, caseId: string): Claims {
  const [row] = rowsOf(plan, caseId, ['plain'])
  const cell = row === undefined ? null : (SeenSession.of(log, caseId, row)?.cell ?? null)
  if (cell === null) return []
  const bytes = (events: readonly { data: { bytes: number } }[]) =>
    events.reduce((sum, { data }) => sum + data.bytes, 0)
  const length = plainLine(1).length
  const [written, received] = [cell.all('a', 'tcp:written'), cell.all('b', 'tcp:received')]
  const failed = cell.all('a', 'tcp:write_failed')
  const lost = caseId === 'mended' ? PLAIN_IN_CUT : 0
  const expected = plan.settings.messages - lost
  return [
    cell.claim('delivered', {
      claim:
        lost === 0
          ? 'over a connection that lives TCP delivers every line'
          : 'what was written into the cut is lost with its connection',
      formula:
        lost === 0
          ? 'received = written'
          : `written - those written into the cut = ${plan.settings.messages} - ${lost}`,
      expected: { min: expected, max: expected, unit: 'messages' },
      observed: { value: bytes(received) / length, unit: 'messages' },
      because: `${bytes(written) / length} were written, ${bytes(received) / length} arrived`,
      source: 'RFC 9293 section 3.9.1.2: SEND is done when the own TCP has the data',
      evidence: [written.at(-1), received.at(-1)],
      short: `${bytes(received) / length}`,
    }),
    cell.claim('told', {
      claim: 'no write() failed: the program was told that all is well',
      formula: '0 failed writes',
      expected: { min: 0, max: 0, unit: 'failed writes' },
      observed: { value: failed.length, unit: 'failed writes' },
      because: `${written.length} writes, each of them taken by the own kernel`,
      source: 'write(2): a successful return does not say that data has arrived',
      evidence: [...written.slice(-2), ...failed],
    }),
  ]
}
