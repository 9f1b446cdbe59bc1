/** The flag of an application: when it says that it doubts its peer, and what takes that back. */
import type { End } from '../../src/lab/cell.ts'
import { AT_ONCE, nothing, took } from '../../src/lab/claims.ts'
import type { Period } from '../../src/lab/log.ts'
import type { Conversation } from './conversation.ts'

export const DETECTOR = 'src/protocols/heartbeat/README.md, Detector'
/** What counts as having heard the peer. */
const HEARD = ['tcp:connected', 'heartbeat:ping_received', 'heartbeat:pong_received'] as const

/** An end changes its mind when the silence that it allows is over: `suspect` first, `down` later. */
export function doubts(
  { cell, since }: Conversation,
  end: End,
  belief: 'suspect' | 'down',
  {
    what = belief as string,
    claim = `the application says "${belief}" when its own limit has passed`,
  }: { what?: string; claim?: string } = {},
) {
  const { suspectAfterMs, downAfterMs } = cell.settings.heartbeat
  const limitMs = belief === 'suspect' ? suspectAfterMs : downAfterMs
  const changed = end.became(belief, since)
  const heard = changed && lastHeard(end, changed.time)
  const pausedMs = heard && changed ? end.pausedMs({ from: heard.time, to: changed.time }) : 0
  return took(cell, what, { minMs: limitMs, maxMs: limitMs + pausedMs }, heard, changed, {
    claim,
    formula: `${limitMs} ms after it heard its peer last${pausedMs > 0 ? ` + ${pausedMs} ms in which it did not run` : ''}`,
    because: `${beliefWords(end, since)}; trigger ${changed?.data.trigger}, certainty ${changed?.data.certainty}`,
    source: DETECTOR,
  })
}

/** It believes what it believed before: that its peer is up. */
export function noticesNothing(
  { cell, since }: Conversation,
  what: string,
  end: End,
  words: { claim: string; formula: string; short?: string },
) {
  const wasUp = end.belief(since.from) === 'up'
  return nothing(cell, what, wasUp ? end.all('belief:updated', since) : null, since, {
    ...words,
    because: beliefWords(end, since),
    source: DETECTOR,
    unseen: 'it had not been heard to believe that its peer was up',
  })
}

/** The late answer is heard, and on the connection that it was sent on. */
export function forgiven({ cell, client, stall, since }: Conversation) {
  const up = client
    .all('belief:updated', since)
    .find(({ data }) => data.new === 'up' && data.trigger === 'heartbeat_late')
  return took(cell, 'forgiven', AT_ONCE, stall.to, up, {
    claim: 'the late answer is heard on the same connection, and ends the doubt',
    formula: '0 .. slack after the answers go on',
    because: beliefWords(client, since),
    source: DETECTOR,
    evidence: client.all('belief:updated', since),
    short: 'UP',
  })
}

/** How long a living peer counts as down for a client that waits. */
export function countsAsDown({ cell, client, stall, since }: Conversation) {
  const down = client.became('down', since)
  const up = down && client.became('up', { from: down.time })
  const leftMs = down === undefined ? 0 : stall.to - down.time
  return took(cell, 'price', { minMs: leftMs, maxMs: leftMs }, down, up, {
    claim: 'the price of the mistake: a living peer counts as down until it is heard',
    formula: 'from "down" until the answers go on, + slack',
    because: 'nothing was closed, nothing is lost, nothing has to be opened again',
    source: 'Chen, Toueg, Aguilera 2002 (mistake duration)',
  })
}

/** A client that has closed hears nobody any more. */
export function lostForGood({ cell, client, server, since }: Conversation) {
  const down = client.became('down', since)
  const after = down && client.all('belief:updated', { from: down.time }).filter((event) => event !== down)
  const within = { from: down?.time ?? since.from, to: since.to }
  return nothing(cell, 'price', after ?? null, within, {
    claim: 'the price of the mistake: a living peer is lost for good',
    formula: 'nothing makes it up again until the end of the case',
    because: `${beliefWords(client, since)}; the kernels at the end: client ${client.kernel(since.to)}, server ${server.kernel(since.to)}`,
    source: DETECTOR,
    evidence: client.all('belief:updated', since),
    unseen: 'it never said "down"',
  })
}

/** `suspect after 0.91 s (heartbeat_missed), down after 1.91 s (heartbeat_missed)` */
export function beliefWords(end: End, within: Period): string {
  const words = end
    .all('belief:updated', within)
    .map(
      ({ time, data }) => `${data.new} after ${((time - within.from) / 1000).toFixed(2)} s (${data.trigger})`,
    )
  return words.join(', ') || 'no change of belief'
}

function lastHeard(end: End, before: number) {
  return HEARD.map((name) => end.last(name, { to: before }))
    .filter((event) => event !== undefined)
    .sort((one, other) => one.time - other.time)
    .at(-1)
}
