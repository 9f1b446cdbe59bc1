/**
 * In the middle of a call bob falls silent, one way or another. What alice's telephone makes of it is much the same;
 * what differs stands in the cases.
 */
import type { FaultId } from '../../src/faults/registry.ts'
import type { Pair } from '../../src/hosts/host.ts'
import type { Cell } from '../../src/lab/cell.ts'
import { SLACK_MS } from '../../src/lab/checks.ts'
import { type Claims, counts, nothing, took } from '../../src/lab/claims.ts'
import type { Period } from '../../src/lab/log.ts'
import { received, sent } from '../../src/lab/packets.ts'
import type { Rig } from '../../src/rig/rig.ts'
import type { InForce } from '../../src/rig/strikes.ts'
import type { SipSettings } from './conditions.ts'
import { sessionEndsMs } from './expectations.ts'
import { askedOf, type Call, TALK_MS, talkDirectly, until } from './phones.ts'
import { beliefs, messagesOf, ofMessage, onTime, voiceIn, voiceOf } from './wire.ts'

/** A hundred packets of voice are missing: then call-media.ts says so. */
const SILENT_AFTER_MS = 2000
export const SILENT_ROWS = ['udp', 'timer'] as const
/** After the session of one row is over: the other call, which has none, is watched for as long. */
const BEYOND_MS = 500

/** Two calls, with a session timer and without; then the fault, until the timer has run out. */
export async function strikeInCall(
  rig: Rig,
  pair: Pair,
  fault: FaultId,
  { sessionMs }: SipSettings,
): Promise<{ calls: Call[]; struck: InForce }> {
  const calls: Call[] = []
  for (const row of askedOf(rig, pair, SILENT_ROWS)) calls.push(await talkDirectly(rig, pair, row))
  rig.alive(pair)
  await rig.sleep(TALK_MS)
  const struck = await rig.strike(fault, pair, pair.b)
  rig.mark(pair, 'silent')
  if (calls.some(({ row }) => row === 'timer')) {
    await until(rig, pair.a, 'sip:session_expired', 'timer', { takesMs: sessionMs })
  } else await rig.sleep(sessionEndsMs(sessionMs))
  await rig.sleep(BEYOND_MS)
  rig.mark(pair, 'watched')
  return { calls, struck }
}

/** From when the fault is undone, which is marked so: for as long as a BYE may wait before it is sent again. */
export async function lookOn(rig: Rig, pair: Pair, mark: string, { times }: SipSettings): Promise<void> {
  rig.mark(pair, mark)
  await rig.sleep(times.t2Ms + SLACK_MS)
  rig.mark(pair, 'over')
}

/** From the fault, when it is in force for sure, to the end of the watch. */
export function silenceOf(cell: Cell): Period | null {
  return cell.between('silent', 'watched')
}

/** Nothing in SIP notices. @param why what it would take */
export function unnoticed(cell: Cell<SipSettings>, silent: Period, why: string): Claims {
  const { a } = cell
  const packets = a.packets(silent)
  const heard = voiceOf(packets, cell.settings.voiceEveryMs)
  return [
    nothing(
      cell,
      'unnoticed',
      packets && [...(messagesOf(packets) ?? []), ...a.all('belief:updated', silent)],
      silent,
      {
        claim: 'SIP says nothing, hears nothing, and alice goes on believing in the call',
        formula: 'no message and no change of belief',
        because: `${why}; believed: ${beliefs(cell, silent.to)}`,
        source: 'RFC 3261 section 12.2: messages are sent when something changes',
        evidence: [a.last('belief:updated', { to: silent.to })],
        short: 'GHOST',
      },
    ),
    counts(cell, 'heard', 0, received(heard), 'packets', {
      claim:
        'the voice of bob has stopped: what there is to notice is in another protocol, and at other ports',
      formula: 'none, since the fault',
      because: 'a person would say "hello?", and hang up',
      source: 'RFC 3550',
      evidence: sent(heard) ?? [],
    }),
    took(
      cell,
      'missed',
      onTime(SILENT_AFTER_MS),
      a.packets() && received(voiceOf(a.packets({ to: silent.to }), cell.settings.voiceEveryMs))?.at(-1),
      a.first('media:silent'),
      {
        claim: 'who plays the voice has missed it, after so long as it was told to wait',
        formula: 'two seconds after the last packet, + slack',
        because: 'it knows how often there should be one; what to do about it, it leaves to others',
        source: 'src/programs/parts/call-media.ts',
      },
    ),
    counts(cell, 'speaks', voiceIn(silent, cell.settings.voiceEveryMs), sent(heard), 'packets', {
      claim: 'and alice goes on speaking to nobody',
      formula: `one each ${cell.settings.voiceEveryMs} ms, for ${Math.round(silent.to - silent.from)} ms`,
      because: 'RTP is not answered, so nothing is missed',
      source: 'RFC 3550 section 5',
    }),
  ]
}

/** The session timer ends it, when its time is over. */
export function sessionEnds(cell: Cell<SipSettings>): Claims {
  const { a } = cell
  const { sessionMs } = cell.settings
  const endsMs = sessionEndsMs(sessionMs)
  const agreed = a.first('sip:session_agreed')
  const [bye] = sent(ofMessage(a.packets(), 'BYE')) ?? []
  return [
    took(cell, 'ends', onTime(endsMs), agreed, a.packets() && bye, {
      claim: 'the session timer ends it: no refresh has come, and alice says BYE',
      formula: `${sessionMs / 1000} s, less the smaller of 32 s and a third of it, since the last refresh`,
      because: 'bob had promised to refresh the session at half of its time, and did not',
      source: 'RFC 4028 section 10',
      short: 'TIMER',
    }),
  ]
}

/** Bob is there again, and the call without a timer goes on as if nothing had been. */
export function goesOn(cell: Cell<SipSettings>, begins: string, back: string): Claims {
  const { a, b } = cell
  const after = cell.between(begins, 'over')
  const undoing = cell.between(begins, back)
  if (after === null || undoing === null) return []
  const { voiceEveryMs } = cell.settings
  const maxMs = undoing.to - undoing.from + 2 * voiceEveryMs
  const [first] = received(voiceOf(a.packets(after), voiceEveryMs)) ?? []
  return [
    took(cell, 'again', { minMs: 0, maxMs }, after.from, a.packets(after) && first, {
      claim: 'bob is there again, and so is his voice: the call goes on as if nothing had been',
      formula: '0 .. the time that the undoing takes + two packets of voice + slack',
      because: 'nobody had noticed, so nobody had ended it',
      source: 'RFC 3261 section 12',
    }),
    nothing(
      cell,
      'same-call',
      [...a.all('sip:call_ended', { to: after.to }), ...b.all('sip:call_ended', { to: after.to })],
      { from: cell.watch.from, to: after.to },
      {
        claim: 'it is the same call: neither end had ended it',
        because: `believed: ${beliefs(cell, after.to)}`,
        source: 'RFC 3261 section 12',
        evidence: [first],
      },
    ),
  ]
}

/** The call with a timer is over, and bob learns it when he is there again. */
export function learnsOfIt(
  cell: Cell<SipSettings>,
  begins: string,
  back: string,
  pauseMs: number,
  because: string,
): Claims {
  const after = cell.between(begins, 'over')
  const undoing = cell.between(begins, back)
  if (after === null || undoing === null) return []
  const maxMs = undoing.to - undoing.from + pauseMs
  return [
    took(cell, 'told', { minMs: 0, maxMs }, after.from, cell.b.first('sip:call_ended', after), {
      claim: 'bob is there again, and learns that it is over',
      formula: `0 .. the time that the undoing takes${pauseMs === 0 ? '' : ' + T2, the longest pause between two BYEs'} + slack`,
      because,
      source: 'RFC 3261 sections 15.1.2, 17.1.2.2',
    }),
  ]
}
