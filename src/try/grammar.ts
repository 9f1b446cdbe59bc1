/**
 * What goes wrong, what somebody expects of their programs then, and on what network. The one grammar of all three:
 *
 *     FAULTS = STRIKE,...
 *     STRIKE = FAULT[=TIME]               it is undone after so long, and not at the end of the watch
 *            | nat-forgets=TIME[/KIND]    no duration: the router forgets by itself what is unused for so long, in
 *                                         whole seconds, and the fault strikes when it has
 *            | lb-forgets=TIME[/FAREWELL] the same of a load balancer, a TCP proxy
 *            | after-bytes=N              no duration: it strikes when so many more bytes have passed
 *     KIND   = strict | reset | silent    what becomes then of a packet of what it has forgotten (`routerKinds`)
 *     FAREWELL = close | reset [-client | -server]
 *                                         by what it tells that it has (FIN, RST); both ends, or one alone (`farewells`)
 *
 *     RULE = FAULT[@WHO]<TIME             somebody notices in time, by whatever comes first of these three:
 *          | FAULT[@WHO]:loses<TIME       a connection of theirs is over
 *          | FAULT[@WHO]:says<TIME        they print what --down says
 *          | FAULT[@WHO]:ends<TIME        their program ends
 *          | FAULT[@WHO]:unnoticed        none of the three, for the whole watch
 *          | FAULT[@WHO]:recovers<TIME    they are served again, so long after the fault is undone
 *          | FAULT:survives               the connections of before are there afterwards, at both ends
 *     WHO  = server | server2 | client | client2 | ... | all | any
 *
 *     CUE = REGEX[+TIME]                  the fault strikes so long after a program has printed a line that matches
 *
 *     LINK = [wireguard][,][delay=TIME][,][loss=NUMBER%]
 *                                         they talk through a tunnel; each frame takes so long, so many vanish by
 *                                         chance: each way, all the time
 *
 *     TIME = a number with ms, s or m
 *
 * FAULT is one of `tryFaults`. Without WHO it is about all of the end that is not struck, as with `all`; `any` is one
 * of them at least. As in `cut<10s`, `freeze@client:says<20s`, `blip:survives`, `reboot@client2:recovers<30s`.
 */

import type { IdleRouter } from '../faults/nat-forgets.ts'
import { nearest } from '../foreign/nearest.ts'
import { type Link, plainLink } from '../hosts/host.ts'
import { type RouterKind, routerKinds } from '../hosts/router.ts'
import { farewells, type IdleLimit } from '../programs/relay/idle-proxy.ts'
import { parseTime } from './durations.ts'
import { IS_OVER_AT_ONCE, type TryFault, tryFaults } from './faults.ts'

/** By which sign somebody notices. */
export const levels = ['loses', 'says', 'ends'] as const
export type Level = (typeof levels)[number]

export type Rule = { readonly text: string; readonly fault: TryFault } & (
  | { readonly kind: 'notices'; readonly who: Who; readonly level: Level | null; readonly withinMs: number }
  | { readonly kind: 'unnoticed'; readonly who: Who }
  | { readonly kind: 'recovers'; readonly who: Who; readonly withinMs: number }
  | { readonly kind: 'survives' }
)
/** The name of a row, or how many of the rows of the end that is not struck. */
export type Who = string

const TIMED = [...levels, 'recovers'] as const
const UNTIMED = ['unnoticed', 'survives'] as const
const SHAPE = /^([a-z-]+)(?:@([a-z\d]+))?(?::([a-z]+))?(?:<(.*))?$/
const WHO = /^(server2?|client([2-9]|1\d|20)?|all|any)$/
export const EXAMPLES = 'cut<10s, freeze@client:says<20s, blip:survives, reboot:recovers<30s'

/** A fault, and for how long; null: for the whole watch, or as long as is its nature. */
export interface WantedFault {
  fault: TryFault
  lastsMs: number | null
  /** Of `nat-forgets`: the router forgets by itself. null: once, because it is told to. */
  router: IdleRouter | null
  /** Of `lb-forgets`, likewise. */
  balancer: IdleLimit | null
  /** Of `after-bytes`. */
  bytes: number | null
}

/** When a fault strikes: so long after a program has printed such a line. Part of a plan. */
export type Cue = {
  /** A regular expression. */
  pattern: string
  waitMs: number
}

const LINK_EXAMPLE = 'delay=50ms,loss=1%'
/** The one kind of tunnel that there is. */
const TUNNEL = 'wireguard'
/** Twice as long as by way of the Moon there is no network; and a cable has room for so many frames only. */
const LINK_DELAY_MAX_MS = 5000
/** Of more than half of its frames no TCP makes a connection in reasonable time. */
const LINK_LOSS_MAX = 0.5

/** A line that is no rule and no fault: `message` says what is wrong, and what would be right. */
export class GrammarError extends Error {
  override name = 'GrammarError'
}

/** One of the faults: `cut`, `cut=10s`, `nat-forgets=30s/silent`, `after-bytes=100`. @throws GrammarError */
export function parseFault(text: string): WantedFault {
  const [fault = '', value] = text.trim().split(/=(.*)/s)
  if (!isOneOf(tryFaults, fault)) throw new GrammarError(`no fault "${fault}"; ${nearest(fault, tryFaults)}`)
  const wanted = { fault, lastsMs: null, router: null, balancer: null, bytes: null }
  if (fault === 'after-bytes') return { ...wanted, bytes: parseBytes(value) }
  if (value === undefined) return wanted
  if (fault === 'nat-forgets') return { ...wanted, router: parseIdleRouter(value) }
  if (fault === 'lb-forgets') return { ...wanted, balancer: parseIdleBalancer(value) }
  const lastsMs = parseTime(value)
  if (lastsMs === null || lastsMs === 0) {
    throw new GrammarError(`"${text}": "${value}" is no time; it looks like ${fault}=10s`)
  }
  if (IS_OVER_AT_ONCE.includes(fault)) {
    throw new GrammarError(`"${text}": ${fault} is over when it has happened; leave out "=${value}"`)
  }
  return { ...wanted, lastsMs }
}

function parseBytes(text = ''): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new GrammarError(`"${text}" is no number of bytes; it looks like after-bytes=100`)
}

function parseIdleRouter(text: string): IdleRouter {
  const kinds = Object.keys(routerKinds) as RouterKind[]
  const { idleMs, kind } = parseIdle('nat-forgets', text, kinds)
  if (idleMs % 1000 !== 0) {
    throw new GrammarError(
      `"nat-forgets=${text}": no time in whole seconds, in which a router counts; it looks like nat-forgets=30s`,
    )
  }
  return { idleSeconds: idleMs / 1000, kind }
}

function parseIdleBalancer(text: string): IdleLimit {
  const { idleMs, kind } = parseIdle('lb-forgets', text, farewells)
  return { idleMs, farewell: kind ?? 'close' }
}

/** `30s`, `30s/silent`: after how long it is forgotten, and how. */
function parseIdle<K extends string>(
  fault: TryFault,
  text: string,
  kinds: readonly K[],
): { idleMs: number; kind: K | null } {
  const fail = (why: string): never => {
    throw new GrammarError(`"${fault}=${text}": ${why}`)
  }
  const [time = '', kind, ...more] = text.split('/')
  const idleMs = parseTime(time)
  if (idleMs === null || idleMs === 0) return fail(`"${time}" is no time; it looks like ${fault}=30s`)
  if (kind === undefined) return { idleMs, kind: null }
  if (!isOneOf(kinds, kind) || more.length > 0) {
    return fail(`no kind "${[kind, ...more].join('/')}"; ${nearest(kind, kinds)}`)
  }
  return { idleMs, kind }
}

/** What the way is like; `link` null: it takes no time and loses nothing. */
export interface WantedLink {
  link: Link | null
  isTunnel: boolean
}

/** What is left out is as on a cable that does nothing. @throws GrammarError */
export function parseLink(text: string): WantedLink {
  const fail = (why: string): never => {
    throw new GrammarError(`"${text}": ${why}; it looks like ${LINK_EXAMPLE}`)
  }
  const link = { ...plainLink }
  const parts = text.split(',').map((part) => part.trim())
  const ofCable = parts.filter((part) => part !== TUNNEL)
  for (const part of ofCable) {
    const [name = '', value = ''] = part.split('=')
    if (name === 'delay') {
      link.delayMs = parseTime(value) ?? fail(`"${value}" is no time`)
      if (link.delayMs > LINK_DELAY_MAX_MS) fail(`a frame takes ${LINK_DELAY_MAX_MS / 1000} s at most`)
    } else if (name === 'loss') {
      const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(value) ?? []
      link.loss = percent === undefined ? fail(`"${value}" is no share of the frames`) : Number(percent) / 100
      if (link.loss > LINK_LOSS_MAX) fail(`${LINK_LOSS_MAX * 100}% of the frames are lost at most`)
    } else fail(`"${name}" is nothing that a link has`)
  }
  return { link: ofCable.length === 0 ? null : link, isTunnel: ofCable.length < parts.length }
}

/** @throws GrammarError */
export function parseRule(text: string): Rule {
  const fail = (why: string): never => {
    throw new GrammarError(`"${text}"${why}`)
  }
  const [, fault = '', who = 'all', what, time] = SHAPE.exec(text.replaceAll(/\s/g, '')) ?? []
  if (fault === '') return fail(` is no rule; it looks like ${EXAMPLES}`)
  if (!isOneOf(tryFaults, fault)) return fail(`: no fault "${fault}"; ${nearest(fault, tryFaults)}`)
  if (!WHO.test(who)) return fail(`: nobody is called "${who}"; try server, client, client2, all or any`)
  if (what === undefined && time === undefined) return fail(` is no rule; it looks like ${EXAMPLES}`)
  const about = { text, fault }
  if (what === undefined || isOneOf(TIMED, what)) {
    if (time === undefined) return fail(` needs a time: ${fault}:${what}<10s`)
    const withinMs = parseTime(time) ?? fail(`: "${time}" is no time; it looks like 500ms, 10s or 2m`)
    if (what === 'recovers') return { ...about, kind: 'recovers', who, withinMs }
    return { ...about, kind: 'notices', who, level: what ?? null, withinMs }
  }
  if (!isOneOf(UNTIMED, what)) return fail(`: no word "${what}"; ${nearest(what, [...TIMED, ...UNTIMED])}`)
  if (time !== undefined) return fail(`: "${what}" has no time`)
  if (what === 'unnoticed') return { ...about, kind: 'unnoticed', who }
  if (who !== 'all') return fail(` is about both ends; leave "@${who}" out`)
  return { ...about, kind: 'survives' }
}

/** `sending 5+200ms`. A plus of the pattern's own has a backslash before it. @throws GrammarError */
export function parseCue(text: string): Cue {
  const [, pattern = text, time] = /^(.+)(?<!\\)\+(\d[\w.]*)$/s.exec(text) ?? []
  const waitMs = time === undefined ? 0 : parseTime(time)
  if (waitMs === null) {
    throw new GrammarError(
      `"${text}": "${time}" is no time; it looks like "${pattern}+200ms" (a plus of the pattern's own is "\\+")`,
    )
  }
  try {
    new RegExp(pattern)
  } catch (error) {
    throw new GrammarError(error instanceof Error ? error.message : String(error))
  }
  return { pattern, waitMs }
}

function isOneOf<T extends string>(all: readonly T[], word: string): word is T {
  return (all as readonly string[]).includes(word)
}
