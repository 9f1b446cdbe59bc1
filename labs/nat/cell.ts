/** One connection through a router, as the log has it, and what the three who know of it believe. */
import { hostName } from '../../src/events/host-names.ts'
import { addressOf, type LabEvent } from '../../src/events/vocabulary.ts'
import type { Claim } from '../../src/lab/checks.ts'
import type { TimedClaim } from '../../src/lab/judging.ts'
import type { LabLog, Watch } from '../../src/lab/log.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { believersAt, endAt, type Look, looksAt, mappingIn } from './believers.ts'
import type { NatMechanism } from './conditions.ts'
import { type RouterInForce, stillRemembered } from './expectations.ts'

export const CONNTRACK = 'net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack-sysctl.rst'
export const UDP_TRACKING = 'net/netfilter/nf_conntrack_proto_udp.c, nf_conntrack-sysctl.rst'

/** One connection of a case with a router, as the log has it. */
export class Cell {
  readonly a: string
  readonly b: string
  readonly name: { case: string; mechanism: NatMechanism }
  readonly looks: Look[]

  readonly log: LabLog
  readonly plan: Plan
  readonly id: string
  readonly row: NatMechanism
  readonly watch: Watch
  readonly router: RouterInForce

  constructor(log: LabLog, plan: Plan, id: string, row: NatMechanism, watch: Watch, router: RouterInForce) {
    this.log = log
    this.plan = plan
    this.id = id
    this.row = row
    this.watch = watch
    this.router = router
    this.a = hostName(id, 'a')
    this.b = hostName(id, 'b')
    this.name = { case: id, mechanism: row }
    this.looks = looksAt(log, id).filter(({ time }) => time >= watch.from && time <= watch.to)
  }

  /** The last look at the router before a moment. */
  lookBefore(time: number): Look | undefined {
    return this.looks.findLast((look) => look.time <= time)
  }

  packets(host: string, direction: 'sent' | 'received', from: number, to = this.watch.to) {
    return this.log
      .all('packet:captured', { host, mechanism: this.row, from, to })
      .filter(({ data }) => data.direction === direction)
  }

  /**
   * When a host's second write went out, the first one after the greeting: by its packet, which may have arrived
   * before the program comes to say that it has written. Undefined when there was none.
   */
  spokeAt(host: string): number | undefined {
    const [, written] = this.log.all('tcp:written', { host, mechanism: this.row })
    if (written === undefined) return undefined
    const [, packet] = this.packets(host, 'sent', this.watch.from).filter(({ data }) => data.kind === 'data')
    return Math.min(written.time, packet?.time ?? written.time)
  }

  /** The last packet of this connection that passed the router by a moment, as its sender saw it. */
  lastPassed(time: number): number | undefined {
    const { a, b } = this
    const to = Math.min(time, this.watch.to)
    const sent = [
      ...this.packets(a, 'sent', this.watch.from, to),
      ...this.packets(b, 'received', this.watch.from, to),
    ]
    return sent.length === 0 ? undefined : Math.max(...sent.map((packet) => packet.time))
  }

  timed(
    what: string,
    to: number,
    claim: Omit<Claim, 'id' | 'evidence'> & { evidence?: readonly (LabEvent | undefined)[] },
    from = this.watch.from,
  ): TimedClaim {
    const evidence = (claim.evidence ?? []).flatMap((event) =>
      event === undefined ? [] : [addressOf(event)],
    )
    return { claim: { ...claim, id: `${this.id}/${this.row}/${what}`, evidence }, from, to }
  }
}

export const ALL_THREE = 'client up, router ESTABLISHED, server up'
const BOTH_ENDS = 'client up, router nothing, server up'

/** While packets have just passed, and after so long without any that the router has forgotten. */
export function rememberedAndForgotten(cell: Cell, spokenAt: number): (TimedClaim | null)[] {
  const first = cell.looks[0]
  const before = cell.lookBefore(spokenAt)
  if (first === undefined || before === undefined) return []
  const idleMs = idleAt(cell, before)
  return [
    cell.timed('agreed', first.time, {
      claim: 'first all three believe in the connection',
      formula: `idle for less than ${seconds(cell.router.tcpMs)}`,
      expected: { oneOf: [ALL_THREE] },
      observed: { value: believersAt(cell.log, cell.name, first) },
      because: 'a greeting has passed each way',
      source: CONNTRACK,
      evidence: [first],
    }),
    cell.timed('forgotten', before.time, {
      claim: 'then the router has forgotten it, and neither end knows',
      formula: `idle for ${seconds(idleMs)}, remembered for ${seconds(cell.router.tcpMs)}`,
      expected: { oneOf: [BOTH_ENDS] },
      observed: { value: ifTimeIsUp(believersAt(cell.log, cell.name, before), idleMs, cell.router.tcpMs) },
      because: `nothing had passed for ${seconds(idleMs)}`,
      source: `nf_conntrack_tcp_timeout_established; ${CONNTRACK}`,
      evidence: [before],
    }),
  ]
}

/** To be forgotten before its time would be something else. */
export function ifTimeIsUp(observed: string, idleMs: number, limitMs: number): string {
  return idleMs >= limitMs ? observed : `${observed}, after only ${seconds(idleMs)}`
}

export function idleAt(cell: Cell, look: Look): number {
  return look.time - (cell.lastPassed(look.time) ?? cell.watch.from)
}

/** What the router still says of a mapping: for so long it will remember it. */
export function memoryClaim(
  cell: Cell,
  what: string,
  look: Look | undefined,
  limitMs: number,
  setting: string,
  { claim, short }: { claim: string; short?: string },
): TimedClaim | null {
  if (look === undefined) return null
  const { min, max } = stillRemembered(limitMs, idleAt(cell, look))
  const mapping = mappingIn(cell.log, cell.name, look)
  return cell.timed(what, look.time, {
    claim,
    formula: `${setting} ${seconds(limitMs)} - ${seconds(idleAt(cell, look))}, in whole seconds`,
    expected: { min, max, unit: 'ms' },
    observed: mapping === undefined ? { value: null } : { value: mapping.forgetsInMs, unit: 'ms' },
    because:
      mapping === undefined ? 'the router has no mapping' : `answered: ${mapping.answered ? 'yes' : 'no'}`,
    source: setting.includes('udp') ? UDP_TRACKING : CONNTRACK,
    evidence: [look],
    ...(short === undefined ? {} : { short }),
  })
}

/** The end that did not speak is told nothing, whatever became of the other. */
export function otherEnd(cell: Cell, side: 'a' | 'b'): TimedClaim {
  const { log, watch } = cell
  return cell.timed('other-end', watch.to, {
    claim: `the ${side === 'a' ? 'client' : 'server'}, which did not speak, goes on believing`,
    formula: 'an idle connection is told nothing',
    expected: { oneOf: ['up'] },
    observed: { value: endAt(log, cell.name, side, watch.to) },
    because: 'at the end of the case',
    source: 'RFC 9293 3.8.4: nothing is sent on an idle connection',
  })
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 2)} s`
}
