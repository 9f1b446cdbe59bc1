/** What is not answered is sent again. When, and for how long? */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { type Claims, counts, took } from '../../../src/lab/claims.ts'
import { type Captured, received, sent } from '../../../src/lab/packets.ts'
import type { SipSettings } from '../conditions.ts'
import { givesUpMs, invitesAtMs, othersAtMs } from '../expectations.ts'
import { addressOfBob, heard, openPhone, until } from '../phones.ts'
import { ofMessage, onTime } from '../wire.ts'

const ROW = 'udp'
/** More than are sent until somebody gives up. */
const ALL = 1000
const LOST_INVITES = 3

export const lossy: CaseOf<SipSettings> = {
  id: 'lossy',
  promise: 'three INVITEs are lost on the way, later the first two BYEs; and then a call to nobody',
  needs: ['cable'],

  async act(rig, pair, { times }) {
    const { a, b } = pair
    const cable = rig.cable(pair)
    const bob = await openPhone(rig, pair, 'b', ROW, 'bob')
    const alice = await openPhone(rig, pair, 'a', ROW, 'alice')
    // They find each other's cards first, so that what is lost are messages and nothing else.
    await rig.measure(a, b, { count: 1, everyMs: 0, bytes: 20, withinMs: SLACK_MS })
    await cable.drop('aToB', ['udp'], LOST_INVITES)
    rig.mark(pair, 'calls')
    await alice.call(addressOfBob(bob))
    await heard(rig, pair, ROW)
    rig.mark(pair, 'hangs-up')
    await cable.set('aToB', { cut: true })
    await alice.hangUp()
    // Between the second BYE, after T1, and the third, after three times that.
    await rig.sleep(2 * times.t1Ms)
    await cable.set('aToB', { cut: false })
    await until(rig, b, 'sip:call_ended', ROW)
    await until(rig, a, 'sip:call_ended', ROW)
    await cable.drop('aToB', ['udp'], ALL)
    rig.mark(pair, 'calls-nobody')
    await alice.call(addressOfBob(bob))
    await until(rig, a, 'sip:call_failed', ROW, { takesMs: givesUpMs(times) })
    rig.mark(pair, 'over')
  },

  rows: { [ROW]: (cell) => [...invited(cell), ...hungUp(cell), ...toNobody(cell)] },
}

function invited(cell: Cell<SipSettings>): Claims {
  const calling = cell.between('calls', 'hangs-up')
  if (calling === null) return []
  const { a, b } = cell
  const invites = sent(ofMessage(a.packets(calling), 'INVITE'))
  const [answered] = received(ofMessage(a.packets(calling), '200', 'INVITE')) ?? []
  const atMs = invitesAtMs(cell.settings.times)
  return [
    ...again(cell, 'invite', invites, atMs.slice(1, LOST_INVITES + 1), {
      claim: 'each pause is twice the one before: timer A',
      source: 'RFC 3261 section 17.1.1.2',
    }),
    counts(cell, 'arrived', 1, received(ofMessage(b.packets(calling), 'INVITE')), 'messages', {
      claim: 'one of them arrives, and it is the fourth',
      formula: '1: three were lost',
      because: 'nobody was told that they were: only that no answer came',
      source: 'RFC 768',
    }),
    took(cell, 'up', onTime(atMs[LOST_INVITES]), invites?.[0], a.packets(calling) && answered, {
      claim: 'so the call is there that much later, and otherwise as any other',
      formula: '7 T1: the fourth INVITE, and an answer at once',
      because: 'alice has heard a longer silence before it rang, and that is all',
      source: 'RFC 3261 section 17.1.1.2',
    }),
  ]
}

function hungUp(cell: Cell<SipSettings>): Claims {
  const ending = cell.between('hangs-up', 'calls-nobody')
  if (ending === null) return []
  const { a, b } = cell
  const byes = sent(ofMessage(a.packets(ending), 'BYE'))
  const atMs = othersAtMs(cell.settings.times)
  return [
    ...again(cell, 'bye', byes, atMs.slice(1, 3), {
      claim: 'a BYE that is lost is sent again, too: timer E',
      source: 'RFC 3261 section 17.1.2.2',
    }),
    took(cell, 'ended', onTime(atMs[2]), byes?.[0], b.first('sip:call_ended', ending), {
      claim: 'until then bob goes on speaking to somebody who has hung up',
      formula: '3 T1: the third BYE',
      because: 'the two ends of a call end one after the other, and here that takes a while',
      source: 'RFC 3261 section 15.1.1: who says BYE takes the call for ended at once',
    }),
  ]
}

function toNobody(cell: Cell<SipSettings>): Claims {
  const calling = cell.between('calls-nobody', 'over')
  if (calling === null) return []
  const { a } = cell
  const { times } = cell.settings
  const invites = sent(ofMessage(a.packets(calling), 'INVITE'))
  const atMs = invitesAtMs(times)
  return [
    counts(cell, 'invites', atMs.length, invites, 'messages', {
      claim: 'to nobody seven INVITEs are sent in all',
      formula: `at ${atMs.map((ms) => ms / times.t1Ms).join(', ')} T1`,
      because: 'the next pause would be longer than the patience that is left',
      source: 'RFC 3261 section 17.1.1.2',
    }),
    counts(cell, 'spacing', { min: 0, max: SLACK_MS }, latest(invites, atMs), 'ms', {
      claim: 'and none of them is off its time',
      formula: 'the largest difference between a time seen and a time computed',
      because: 'they are what they are by T1 alone, however long the way is',
      source: 'RFC 3261 section 17.1.1.2',
      evidence: invites ?? [],
    }),
    took(cell, 'gives-up', onTime(givesUpMs(times)), invites?.[0], a.first('sip:call_failed', calling), {
      claim: 'then alice is told that nobody answers: timer B',
      formula: '64 T1',
      because: 'that bob is not there she does not know: only that nothing came',
      source: 'RFC 3261 section 17.1.1.2',
      short: 'TIMEOUT',
    }),
  ]
}

/** The second, third, ... of them came so long after the first. */
function again(
  cell: Cell,
  what: string,
  messages: readonly Captured[] | null,
  atMs: readonly number[],
  words: { claim: string; source: string },
): Claims {
  return atMs.map((ms, index) =>
    took(cell, `${what}-${index + 2}`, onTime(ms), messages?.[0], messages?.[index + 1], {
      ...words,
      formula: `${2 ** (index + 1) - 1} T1 after the first`,
      because: 'no answer had come',
    }),
  )
}

/** How far the one of them is off that is most; null: not all were seen. */
function latest(messages: readonly Captured[] | null, atMs: readonly number[]): number | null {
  if (messages === null) return null
  const [first] = messages
  const off = messages.map(({ time }, index) =>
    Math.abs(time - (first?.time ?? 0) - (atMs[index] ?? Number.NaN)),
  )
  return Math.round(Math.max(...off))
}
