/** The claims about one late answer: what TCP said, what the application's flag said, and what the late packet met. */
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import { retransmissionGiveUp } from '../../src/kernel/give-up.ts'
import type { Claim } from '../../src/lab/checks.ts'
import { SLACK_MS, STAMP_MS } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import { kernelWords } from '../../src/lab/kernel-words.ts'
import type { LabLog } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { type LateSettings, policies, rowsOf } from './conditions.ts'
import {
  type BeliefEvent,
  type Conversation,
  conversationOf,
  isSyn,
  lastHeard,
  packetsOf,
  statesSeen,
} from './conversation.ts'

const DETECTOR = 'src/protocols/heartbeat/README.md, Detector'
/** TCP_DELACK_MAX, net/tcp.h: an acknowledgement may wait so long for data to travel with. */
const DELAYED_ACK_MAX_MS = 200

type Claims = (Claim | null)[]

export function answerClaims(log: LabLog, plan: Plan<LateSettings>): (TimedClaim | null)[] {
  return ['in-time', 'doubted', 'late', 'frozen'].flatMap((caseId) =>
    rowsOf(plan, caseId, policies).flatMap((policy) => {
      const talk = conversationOf(log, caseId, policy)
      if (talk === null) return []
      const claims = [...flagClaims(log, plan, talk), ...policyClaims[policy](log, plan, talk)]
      return claims.map((claim) => claim && { claim, from: talk.from, to: talk.end })
    }),
  )
}

// ---- the application's flag ------------------------------------------------------------------------

/** `suspect` and `down`, each at its limit of silence; in time, neither. */
function flagClaims(log: LabLog, { settings }: Plan<LateSettings>, talk: Conversation): Claims {
  const { suspectAfterMs, downAfterMs } = settings.heartbeat
  const { caseId, beliefs, from, end } = talk
  if (caseId === 'in-time') {
    const [first] = beliefs
    return [
      {
        id: idOf(talk, 'flag'),
        claim: 'the application notices nothing of an answer that is late and still in time',
        formula: `stall ${settings.stallMs['in-time']} ms + interval ${settings.heartbeat.intervalMs} ms < limit ${suspectAfterMs} ms`,
        expected: { value: null },
        observed:
          first === undefined
            ? { value: null, watchedMs: Math.round(end - from) }
            : { value: `${first.data.new} after ${Math.round(first.time - from)} ms` },
        because: beliefWords(beliefs, from),
        source: DETECTOR,
        evidence: beliefs.map(addressOf),
        short: 'UP',
      },
    ]
  }
  const suspected = silenceClaim(log, talk, 'suspect', suspectAfterMs)
  return caseId === 'doubted' ? [suspected] : [suspected, silenceClaim(log, talk, 'down', downAfterMs)]
}

/** The silence that a detector allows, from what it heard last to its change of mind. */
function silenceClaim(
  log: LabLog,
  talk: Conversation,
  belief: 'suspect' | 'down',
  limitMs: number,
  groupId = talk.groupId,
): Claim {
  const changed = log
    .all('belief:updated', { host: talk.client, mechanism: talk.policy, from: talk.from, to: talk.end })
    .find((event) => event.group_id === groupId && event.data.new === belief)
  const heard = changed && lastHeard(log, talk.client, groupId, changed.time)
  const pausedMs = heard?.pausedMs ?? 0
  return {
    id: idOf(talk, `${groupId === talk.groupId ? '' : 'again-'}${belief}`),
    claim: `the application says "${belief}" when its own limit has passed`,
    formula: `${limitMs} ms after it heard its peer last${pausedMs > 0 ? ` + ${pausedMs} ms in which it did not run` : ''}`,
    expected: { min: limitMs - STAMP_MS, max: limitMs + pausedMs + SLACK_MS, unit: 'ms' },
    observed:
      changed && heard ? { value: Math.round(changed.time - heard.time), unit: 'ms' } : { value: null },
    because: `${beliefWords(talk.beliefs, talk.from)}; trigger ${changed?.data.trigger}, certainty ${changed?.data.certainty}`,
    source: DETECTOR,
    evidence: changed === undefined ? [] : [addressOf(changed)],
  }
}

// ---- keep the connection and forgive -----------------------------------------------------------

function forgiveClaims(log: LabLog, plan: Plan<LateSettings>, talk: Conversation): Claims {
  const { caseId } = talk
  const doubted = caseId !== 'in-time'
  return [
    ackClaim(log, talk),
    ...(caseId === 'doubted' || caseId === 'late' ? tcpDoubtClaims(log, plan, talk) : []),
    allStatesClaim(log, talk),
    ...(doubted ? [forgivenClaim(talk)] : []),
    ...(caseId === 'late' || caseId === 'frozen' ? [forgivePriceClaim(talk)] : []),
    sameConnectionClaim(log, talk),
    caseId === 'doubted' ? null : otherEndClaim(log, plan, talk),
  ]
}

/** When TCP's acknowledgement of the first heartbeat came that was sent under the stall. */
function ackClaim(log: LabLog, talk: Conversation): Claim | null {
  const { client, groupId, from, to, caseId } = talk
  const isKernel = caseId === 'frozen'
  // Under a stall it may be one that is sent again: TCP sends nothing new before it is acknowledged.
  const ping = packetsOf(log, client, 'sent', talk, { groupId, from }).find(({ data }) =>
    isKernel ? data.text?.startsWith('PING') : data.bytes > 0,
  )
  if (ping === undefined) return null
  const answer = packetsOf(log, client, 'received', talk, { groupId, from: ping.time })[0]
  const leastMs = isKernel ? 0 : Math.max(0, to - ping.time - STAMP_MS)
  const mostMs = isKernel ? DELAYED_ACK_MAX_MS : Math.max(0, to - ping.time)
  return {
    id: idOf(talk, 'ack'),
    claim: isKernel
      ? "TCP's acknowledgement is on time: the kernel gives it, the program does not run"
      : "TCP's acknowledgement of the heartbeat is as late as the answer",
    formula: isKernel
      ? `0 .. ${DELAYED_ACK_MAX_MS} ms (a delayed acknowledgement) + slack`
      : 'when the way goes on, not before; + slack',
    expected: { min: Math.floor(leastMs), max: Math.ceil(mostMs + SLACK_MS), unit: 'ms' },
    observed:
      answer === undefined ? { value: null } : { value: Math.round(answer.time - ping.time), unit: 'ms' },
    because: `"${ping.data.text}" left ${Math.round(ping.time - from)} ms after the beginning; the first packet of its peer after it: ${answer === undefined ? 'none' : `${answer.data.kind}, ${answer.data.bytes} bytes`}`,
    source: isKernel
      ? 'RFC 9293 section 3.8.6.3; net/tcp.h, TCP_DELACK_MAX'
      : 'RFC 9293 section 3.10.7.4 (the acknowledgement travels with the answer)',
    evidence: evidenceOf(ping, answer),
  }
}

/** TCP has a doubt of its own, and keeps it to itself: it sends again what is not acknowledged. */
function tcpDoubtClaims(log: LabLog, plan: Plan<LateSettings>, talk: Conversation): Claims {
  const { client, groupId, from, to } = talk
  const info = log
    .all('kernel:tcp_info_read', { host: client, to: from })
    .findLast((event) => event.group_id === groupId)
  const sent = packetsOf(log, client, 'sent', talk, { groupId, from: from - DELAYED_ACK_MAX_MS, to })
  const data = sent.filter((packet) => packet.data.kind === 'data')
  // Where one right before it waits for its acknowledgement, TCP may send nothing new at all.
  const lost = data.find(({ time }) => time >= from) ?? data.at(-1)
  if (!talk.captured || info === undefined || lost === undefined) return []
  const { retransmissions } = retransmissionGiveUp({
    ...info.data,
    retries2: Number(log.last('kernel:sysctls_read', { host: client })?.data.values.tcp_retries2 ?? 15),
    userTimeoutMs: 0,
    tailLossProbe: true,
    jiffyMs: Number(plan.environment.jiffyMs ?? Number.NaN),
    // One that was sent right before may have had its acknowledgement held back as well.
    severalInFlight: data.some(({ time }) => time < from),
  })
  const span = retransmissions[0] ?? { minMs: Number.NaN, maxMs: Number.NaN }
  const earliest = data[0]?.time ?? lost.time
  const repeated = sent.filter(({ time, data: { kind } }) => time >= from && kind === 'retransmission')
  const [again] = repeated
  // The first is the tail loss probe, which changes nothing; the second is the timer's.
  const timedOut = repeated[1]
  const anything = timedOut === undefined ? [] : data.filter(({ time }) => time > timedOut.time)
  return [
    {
      id: idOf(talk, 'tcp-doubt'),
      claim: 'TCP doubts long before, tells nobody, and sends the same bytes again',
      formula: `first unacknowledged send + tail loss probe or retransmission timeout (${info.data.retransmissionTimeoutMs} ms) + slack`,
      expected: {
        min: Math.max(0, Math.floor(earliest + span.minMs - from - STAMP_MS)),
        max: Math.ceil(lost.time + span.maxMs - from + SLACK_MS),
        unit: 'ms',
      },
      observed: again === undefined ? { value: null } : { value: Math.round(again.time - from), unit: 'ms' },
      because: `${repeated.length} times while the answer stood still, each time after twice as long`,
      source: 'RFC 8985 section 7, RFC 6298 section 5; src/kernel/give-up.ts',
      evidence: evidenceOf(lost, again),
    },
    {
      id: idOf(talk, 'nothing-new'),
      claim: 'until it is acknowledged TCP sends nothing new: the heartbeats of this end wait as well',
      formula: 'new data after the first retransmission timeout, when the window is one segment',
      expected: { min: 0, max: 0, unit: 'segments' },
      observed: timedOut === undefined ? { value: null } : { value: anything.length, unit: 'segments' },
      because: `it was sent again after ${repeated.map(({ time }) => `${((time - from) / 1000).toFixed(2)} s`).join(', ')}`,
      source: 'RFC 5681 section 3.1 (LW, the loss window); tcp_enter_loss()',
      evidence: evidenceOf(timedOut, ...anything),
    },
  ]
}

/** A sampled table shows no state that is shorter than its interval; the state of a connection that lives is longer. */
function allStatesClaim(log: LabLog, talk: Conversation): Claim | null {
  const states = statesSeen(log, talk.client, talk.groupId, talk.from, talk.to)
  return stateClaim(
    log,
    talk,
    "the kernel's entry says ESTABLISHED all the while: there is no flag that doubts",
    'every state of its line in the socket table until the answer came',
    states.length === 0 ? null : states.join(', '),
    'ESTABLISHED',
  )
}

/** How a connection waits that its program has closed, right before the answer comes. */
function orphanClaim(log: LabLog, talk: Conversation): Claim | null {
  const state = statesSeen(log, talk.client, talk.groupId, talk.from, talk.to).at(-1) ?? null
  const isAcknowledged = talk.caseId === 'frozen'
  return stateClaim(
    log,
    talk,
    isAcknowledged
      ? 'the program has closed, and the other kernel has acknowledged that; this one still waits for a FIN'
      : 'the program has closed; its kernel still knows the connection, and waits for acknowledgements',
    'its line in the socket table when the answer came',
    state,
    isAcknowledged ? 'FIN-WAIT-2' : 'FIN-WAIT-1',
  )
}

function stateClaim(
  log: LabLog,
  talk: Conversation,
  claim: string,
  formula: string,
  observed: string | null,
  expected: string,
): Claim | null {
  // Loopback's one large table is read too seldom for that, and behind a relay there is another kernel.
  if (observed === null || !talk.captured) return null
  return {
    id: idOf(talk, 'state'),
    claim,
    formula,
    expected: { oneOf: [expected] },
    observed: { value: observed },
    because: `the client's kernel: ${kernelWords(log, talk.client, talk.policy, talk.to)}`,
    source: 'RFC 9293 section 3.3.2; /proc/net/tcp',
    evidence: [],
  }
}

function forgivenClaim(talk: Conversation): Claim {
  const { beliefs, to, from } = talk
  const up = beliefs.find(({ data }) => data.new === 'up')
  const isLate = up?.data.trigger === 'heartbeat_late'
  return {
    id: idOf(talk, 'forgiven'),
    claim: 'the late answer is heard on the same connection, and ends the doubt',
    formula: '0 .. slack after the answers go on',
    expected: { min: 0, max: SLACK_MS, unit: 'ms' },
    observed:
      up === undefined
        ? { value: null }
        : isLate
          ? { value: sinceMs(up.time, to), unit: 'ms' }
          : { value: up.data.trigger },
    because: beliefWords(beliefs, from),
    source: DETECTOR,
    evidence: beliefs.map(addressOf),
    short: 'UP',
  }
}

/** How long a living peer counted as down. */
function forgivePriceClaim({ beliefs, to, ...talk }: Conversation): Claim {
  const down = beliefs.find(({ data }) => data.new === 'down')
  const up = down && beliefs.find(({ data, time }) => data.new === 'up' && time > down.time)
  const leftMs = down === undefined ? Number.NaN : to - down.time
  return {
    id: idOf(talk, 'price'),
    claim: 'the price of the mistake: a living peer counts as down until it is heard',
    formula: 'from "down" until the answers go on, + slack',
    expected: { min: Math.floor(leftMs - STAMP_MS), max: Math.ceil(leftMs + SLACK_MS), unit: 'ms' },
    observed: down && up ? { value: Math.round(up.time - down.time), unit: 'ms' } : { value: null },
    because: 'nothing was closed, nothing is lost, nothing has to be opened again',
    source: 'Chen, Toueg, Aguilera 2002 (mistake duration)',
    evidence: evidenceOf(down, up),
  }
}

function sameConnectionClaim(log: LabLog, talk: Conversation): Claim | null {
  return synClaim(log, talk, 'no SYN: it is the same connection, before and after', 0)
}

/** SYNs of both ends, counted by the ports they come from: one that is sent again is no second attempt. */
function synClaim(log: LabLog, talk: Conversation, claim: string, expected: number): Claim | null {
  if (!talk.captured) return null
  const { client, server, from, end } = talk
  const syns = [client, server].flatMap((host) => packetsOf(log, host, 'sent', talk, { from }).filter(isSyn))
  const attempts = new Set(syns.map(({ data }) => data.source))
  return {
    id: idOf(talk, 'no-syn'),
    claim,
    formula: 'SYNs that either network card sent until the end of the case',
    expected: { min: expected, max: expected, unit: 'attempts' },
    observed: { value: attempts.size, unit: 'attempts' },
    because: `${syns.length} SYNs in ${Math.round(end - from)} ms`,
    source: 'RFC 9293 section 3.10.1: only an OPEN call of a program sends a SYN',
    evidence: syns.map(addressOf),
  }
}

/**
 * Under a stall the other end hears nothing new either, since this end's TCP waits: it doubts for a reason of its
 * own. A frozen program knows that it did not run, and doubts nobody.
 */
function otherEndClaim(log: LabLog, plan: Plan<LateSettings>, talk: Conversation): Claim | null {
  const { serverBeliefs, from, end, caseId, captured } = talk
  if (caseId === 'late' && captured) return otherDoubtClaim(log, plan, talk)
  const [first] = serverBeliefs
  return {
    id: idOf(talk, 'other-end'),
    claim: 'the other end notices nothing of its being doubted',
    formula: 'nothing until the end of the case',
    expected: { value: null },
    observed:
      first === undefined
        ? { value: null, watchedMs: Math.round(end - from) }
        : { value: `${first.data.new} (${first.data.trigger})` },
    because: beliefWords(serverBeliefs, from),
    source: DETECTOR,
    evidence: serverBeliefs.map(addressOf),
  }
}

function otherDoubtClaim(log: LabLog, { settings }: Plan<LateSettings>, talk: Conversation): Claim {
  const { suspectAfterMs } = settings.heartbeat
  const { serverBeliefs, server, from } = talk
  const suspected = serverBeliefs.find(({ data }) => data.new === 'suspect')
  const heard = suspected && lastHeard(log, server, talk.groupId, suspected.time)
  const pausedMs = heard?.pausedMs ?? 0
  return {
    id: idOf(talk, 'other-end'),
    claim: 'the other end doubts too, though its own way is open: nothing new comes from a TCP that waits',
    formula: `${suspectAfterMs} ms after it heard its peer last`,
    expected: { min: suspectAfterMs - STAMP_MS, max: suspectAfterMs + pausedMs + SLACK_MS, unit: 'ms' },
    observed:
      suspected && heard ? { value: Math.round(suspected.time - heard.time), unit: 'ms' } : { value: null },
    because: beliefWords(serverBeliefs, from),
    source: DETECTOR,
    evidence: evidenceOf(suspected),
  }
}

// ---- close -----------------------------------------------------------------------------------------

function closeClaims(log: LabLog, _plan: Plan<LateSettings>, talk: Conversation): Claims {
  const { beliefs, end, from } = talk
  const down = beliefs.find(({ data }) => data.new === 'down')
  const after = down === undefined ? [] : beliefs.filter(({ time }) => time > down.time)
  return [
    ...closedClaims(log, talk),
    synClaim(log, talk, 'no SYN ever appears by itself, late answer or not', 0),
    {
      id: idOf(talk, 'price'),
      claim: 'the price of the mistake: a living peer is lost for good',
      formula: 'nothing makes it up again until the end of the case',
      expected: { value: null },
      observed:
        after[0] === undefined && down !== undefined
          ? { value: null, watchedMs: Math.round(end - down.time) }
          : { value: after[0]?.data.new ?? 'never down' },
      because: `${beliefWords(beliefs, from)}; the kernels at the end: ${kernelsAtEnd(log, talk)}`,
      source: DETECTOR,
      evidence: beliefs.map(addressOf),
    },
  ]
}

/** What closing at "down" leads to, be it all or be a new connection opened. */
function closedClaims(log: LabLog, talk: Conversation): Claims {
  const { client, server, policy, groupId, from, to, end, caseId, captured, serverBeliefs } = talk
  const closed = log
    .all('tcp:destroyed', { host: client, mechanism: policy, from, to: end })
    .find((event) => event.group_id === groupId)
  if (closed === undefined) return []
  const told = log.events.find(
    (event) =>
      event.host === server &&
      event.group_id?.startsWith(`${policy}:`) &&
      event.time >= closed.time &&
      (event.name === 'tcp:end_received' || event.name === 'tcp:error_received'),
  )
  const how = told?.name === 'tcp:error_received' ? told.data.code : told === undefined ? 'nothing' : 'FIN'
  // Behind heartbeats that are not acknowledged the FIN waits too. A frozen program is told when it runs again.
  const canHearFrom = caseId === 'frozen' || captured ? to : closed.time
  return [
    orphanClaim(log, talk),
    rstClaim(log, talk, closed.time),
    {
      id: idOf(talk, 'told'),
      claim:
        caseId === 'frozen' || captured
          ? 'the other end is not told before: the mistake becomes the truth when the answers go on'
          : 'the other end is told at once: the relay passes the FIN on, and the mistake becomes the truth',
      formula: `0 .. slack after ${caseId === 'frozen' ? 'it runs again' : captured ? 'the answers go on: the FIN waits behind unacknowledged heartbeats' : 'the client closed'}`,
      expected: { min: 0, max: SLACK_MS, unit: 'ms' },
      observed:
        told === undefined ? { value: null } : { value: Math.round(told.time - canHearFrom), unit: 'ms' },
      because: `by ${how}; before, it believed: ${beliefWords(
        serverBeliefs.filter(({ time }) => time <= canHearFrom),
        from,
      )}`,
      source: 'RFC 9293 section 3.6 and 3.10.7.1',
      evidence: evidenceOf(closed, told),
    },
  ]
}

/**
 * Late segments and what they met. Data for a program that has closed is answered with RST and ends what is left
 * of the connection; then there is no entry at all, and every segment is answered so.
 */
function rstClaim(log: LabLog, talk: Conversation, closedAt: number): Claim | null {
  const { client, groupId, captured, server } = talk
  if (!captured) return relayClaim(log, talk)
  const received = packetsOf(log, client, 'received', talk, { groupId, from: closedAt })
  const first = received.findIndex(({ data }) => data.bytes > 0)
  const late = first === -1 ? [] : received.slice(first).filter(({ data }) => data.kind !== 'rst')
  const resets = packetsOf(log, client, 'sent', talk, { groupId, from: closedAt }).filter(
    ({ data }) => data.kind === 'rst',
  )
  const arrived = packetsOf(log, server, 'received', talk, { groupId, from: closedAt }).filter(
    ({ data }) => data.kind === 'rst',
  )
  return {
    id: idOf(talk, 'late-meets-rst'),
    claim: 'every late segment is answered with RST, from the first data on: "I know no such connection"',
    formula: 'as many RSTs as segments that came too late, and at least one',
    expected: { min: Math.max(1, late.length), max: Math.max(1, late.length), unit: 'RSTs' },
    observed: { value: resets.length, unit: 'RSTs' },
    because: `late came ${late.map(({ data }) => data.text ?? data.kind).join(', ') || 'nothing'}; ${arrived.length} RSTs arrived at the other end`,
    source: 'RFC 9293 section 3.10.7.1; RFC 1122 section 4.2.2.13; tcp_rcv_state_process(), TCPAbortOnData',
    evidence: resets.map(addressOf),
    short: 'RST',
  }
}

/** Where nothing is captured: the relay's leg to the client got the RST, and says so. */
function relayClaim(log: LabLog, talk: Conversation): Claim | null {
  const { server, policy, groupId, to, end } = talk
  const closed = log
    .all('relay:closed', { host: server, mechanism: policy, from: to, to: end })
    .find((event) => event.group_id === groupId)
  if (talk.caseId === 'frozen') return null
  return {
    id: idOf(talk, 'late-meets-rst'),
    claim: 'what comes late is answered with RST, says the relay that brought it',
    formula: 'why the relay ended the connection',
    expected: { oneOf: ['ECONNRESET', 'EPIPE'].map((code) => `${code} from the client's side`) },
    observed: { value: closed?.data.because ?? null },
    because: 'the RST went to the kernel of the relay, which the server never sees',
    source: 'RFC 9293 section 3.10.7.1; src/programs/relay.ts',
    evidence: evidenceOf(closed),
    short: 'RST',
  }
}

// ---- close, reconnect, start anew --------------------------------------------------------------

function reconnectClaims(log: LabLog, plan: Plan<LateSettings>, talk: Conversation): Claims {
  const { client, server, policy, anewId, beliefs, to, from, end, caseId } = talk
  if (anewId === null) return closedClaims(log, talk)
  const ofAnew = <E extends LabEvent>(events: readonly E[]) =>
    events.filter((event) => event.group_id === anewId)
  const down = beliefs.find(({ data }) => data.new === 'down')
  const [connected] = ofAnew(log.all('tcp:connected', { host: client, mechanism: policy, from, to: end }))
  const [ping] = ofAnew(log.all('heartbeat:ping_sent', { host: client, mechanism: policy, from, to: end }))
  const anewBeliefs = ofAnew(log.all('belief:updated', { host: client, mechanism: policy, from, to: end }))
  const accepted = log.first('tcp:accepted', { host: server, mechanism: policy, from, to: end })
  // The answer to its SYN takes the same way as every other answer; a kernel does not wait for its program.
  const readyAt = caseId === 'frozen' ? (down?.time ?? Number.NaN) : Math.max(to, down?.time ?? 0)
  const downAt = down?.time ?? Number.NaN
  const viaRelay = !talk.captured && caseId !== 'frozen'
  return [
    ...closedClaims(log, talk),
    synClaim(
      log,
      talk,
      'one SYN, and it is the program that asked for it: another port, another connection',
      1,
    ),
    {
      id: idOf(talk, 'price'),
      claim:
        caseId === 'frozen'
          ? 'the price of the mistake seems small: the new connection is up at once'
          : viaRelay
            ? 'the new connection ends at the relay, which answers at once'
            : 'the price of the mistake: its handshake waits on the same way as the answers',
      formula:
        caseId === 'frozen' || viaRelay
          ? 'from "down" until connected: 0 .. slack (a kernel answers SYN)'
          : 'from "down" until the answers go on, + slack',
      expected: {
        min: Math.max(0, Math.floor((viaRelay ? downAt : readyAt) - downAt - STAMP_MS)),
        max: Math.ceil((viaRelay ? downAt : readyAt) - downAt + SLACK_MS),
        unit: 'ms',
      },
      observed:
        connected === undefined
          ? { value: null }
          : { value: Math.round(connected.time - downAt), unit: 'ms' },
      because: `${beliefWords(anewBeliefs, from)} on the new connection`,
      source: 'RFC 9293 section 3.5',
      evidence: evidenceOf(down, connected),
      short: 'ANEW',
    },
    {
      id: idOf(talk, 'anew'),
      claim: 'it begins anew: nothing of the old conversation is resumed',
      formula: 'the first heartbeat of the new connection',
      expected: { oneOf: ['PING 0'] },
      observed: { value: ping === undefined ? null : `PING ${ping.data.number}` },
      because: `${talk.groupId} became ${anewId}`,
      source: 'src/protocols/heartbeat/README.md',
      evidence: evidenceOf(ping),
    },
    ...(caseId === 'frozen'
      ? [
          {
            id: idOf(talk, 'accepted'),
            claim: 'connected does not mean that a program was asked: it accepts when it runs again',
            formula: '0 .. slack after it runs again',
            expected: { min: 0, max: SLACK_MS, unit: 'ms' },
            observed:
              accepted === undefined ? { value: null } : { value: sinceMs(accepted.time, to), unit: 'ms' },
            because: `connected ${connected === undefined ? 'never' : `${Math.round(to - connected.time)} ms before`}`,
            source: 'listen(2), the accept queue',
            evidence: evidenceOf(connected, accepted),
          },
          silenceClaim(log, talk, 'suspect', plan.settings.heartbeat.suspectAfterMs, anewId),
        ]
      : []),
  ]
}

const policyClaims = { forgive: forgiveClaims, close: closeClaims, reconnect: reconnectClaims }

// ---- words -----------------------------------------------------------------------------------------

function idOf({ caseId, policy }: Pick<Conversation, 'caseId' | 'policy'>, what: string): string {
  return `${caseId}/${policy}/${what}`
}

function kernelsAtEnd(log: LabLog, { client, server, policy, end }: Conversation): string {
  return `client ${kernelWords(log, client, policy, end)}, server ${kernelWords(log, server, policy, end)}`
}

/** `suspect after 0.91 s (heartbeat_missed), down after 1.91 s (heartbeat_missed)` */
export function beliefWords(beliefs: readonly BeliefEvent[], from: number): string {
  if (beliefs.length === 0) return 'no change of belief'
  return beliefs
    .map(({ time, data }) => `${data.new} after ${((time - from) / 1000).toFixed(2)} s (${data.trigger})`)
    .join(', ')
}

function evidenceOf(...events: (LabEvent | undefined)[]): string[] {
  return events.flatMap((event) => (event === undefined ? [] : [addressOf(event)]))
}

/** What is seen before the lab could say that it was so is not early. */
function sinceMs(time: number, since: number): number {
  return Math.max(0, Math.round(time - since))
}
