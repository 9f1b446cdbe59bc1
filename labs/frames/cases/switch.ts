/** A switch knows where somebody is only from what it has heard, believes whoever speaks, and forgets. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import type { Period } from '../../../src/lab/log.ts'
import { received } from '../../../src/lab/packets.ts'
import { readCard } from '../../../src/rig/cards.ts'
import type { FramesSettings } from '../conditions.ts'
import { macOf, SOON, tellNeighbour, thirdOf } from '../kernels.ts'

export const learning: CaseOf<FramesSettings> = {
  id: 'switch',
  promise:
    'a sends datagrams to b by a switch, while b is silent, has spoken, is silent again; then c claims its address',
  needs: ['cable'],
  middle: 'learning-switch',
  ageingMs: ({ ageingMs }) => ageingMs,

  async act(rig, pair, { ageingMs }) {
    const { a, b } = pair
    const c = thirdOf(pair)
    const [macA, macB, macC] = [await readCard(rig, a), await readCard(rig, b), await readCard(rig, c)]
    // Without this they would ask by ARP first, and the switch would have heard both before the first datagram.
    await tellNeighbour(rig, a, b, macB)
    await tellNeighbour(rig, b, a, macA)
    const atB = await rig.sockets(b).udp.open('udp')
    const atA = await rig.sockets(a).udp.open('udp', { to: atB.at })
    const sends = async (text: string) => {
      await atA.sendText(text)
      // It comes, or goes elsewhere: the judgement will see.
      await rig.sleep(SLACK_MS)
    }
    let answers = 0
    const answered = async () => {
      await atB.sendText('here', atA.at)
      answers += 1
      await rig.came(
        rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', occurrence: answers, ...SOON }),
      )
    }

    rig.mark(pair, 'unknown')
    await sends('one')
    rig.mark(pair, 'answered')
    await answered()
    rig.mark(pair, 'heard')
    await rig.sleep(ageingMs / 2)
    await sends('two')
    await rig.sleep(ageingMs / 2)
    rig.mark(pair, 'aged')
    await sends('three')
    rig.mark(pair, 'answered-again')
    await answered()

    await rig.run(c, ['ip', 'link', 'set', 'dev', 'eth0', 'address', macB])
    await tellNeighbour(rig, c, a, macA)
    const atC = await rig.sockets(c).udp.open('udp', { to: atA.at })
    await atC.sendText('now I am b')
    answers += 1
    await rig.came(
      rig.untilEvent(a, 'udp:datagram_received', { mechanism: 'udp', occurrence: answers, ...SOON }),
    )
    rig.mark(pair, 'claimed')
    await sends('four')
    rig.mark(pair, 'answered-at-last')
    await answered()
    rig.mark(pair, 'back')
    await sends('five')
    rig.mark(pair, 'over')
    await rig.run(c, ['ip', 'link', 'set', 'dev', 'eth0', 'address', macC])
  },

  rows: {
    udp(cell) {
      const unknown = cell.between('unknown', 'answered')
      const known = cell.between('heard', 'aged')
      const aged = cell.between('aged', 'answered-again')
      const claimed = cell.between('claimed', 'answered-at-last')
      const back = cell.between('back', 'over')
      if (!unknown || !known || !aged || !claimed || !back) return []
      const ageingMs = ageingOf(cell)
      const silentMs = Math.round(aged.from - known.from)
      return [
        counts(cell, 'flooded', 1, heardByC(cell, unknown), 'datagrams', {
          claim: 'while b has not spoken, the switch sends what is for b to everybody',
          formula: 'the first datagram from a to b, at the card of c',
          because: 'the switch has not heard b, so it may be anywhere but where the frame came from',
          source: 'IEEE 802.1D section 7.7; src/wire/learning-switch.ts',
          short: 'FLOODED',
        }),
        nothing(cell, 'delivered', heardByC(cell, known), known, {
          claim: 'once b has spoken, what is for b goes to b alone: c hears nothing',
          formula: `within the ageing time of ${ageingMs} ms`,
          because: 'one frame from b told the switch at which port it is',
          source: 'IEEE 802.1D section 7.8',
        }),
        counts(cell, 'aged', 1, heardByC(cell, aged), 'datagrams', {
          claim:
            'when b has been silent for longer than the ageing time, what is for b goes to everybody again',
          formula: `silent for ${silentMs} ms > ageing time ${ageingMs} ms, as the switch says`,
          because: 'nobody told the switch that b had left; it forgets whom it does not hear',
          source: 'IEEE 802.1D section 7.9.2; ip-link(8): ageing_time',
          evidence: [started(cell)],
        }),
        says(cell, 'reasons', 'unknown, known, unknown, known, known', reasonsOf(cell), {
          claim:
            'and so the switch says itself: what it does with the five datagrams follows from whom it heard',
          formula: 'not heard, heard, forgotten, heard at c, heard at b',
          because: `they left at ${waysOf(cell)}`,
          source: 'src/wire/learning-switch.ts, compared with the bridge of Linux in test/wire/',
          evidence: forwarded(cell),
        }),
        says(cell, 'claimed', '0 at b, 1 at c', whoGot(cell, claimed), {
          claim: 'c speaks with the address of b, and from then on gets what is for b',
          formula: 'the switch believes whom it heard last',
          because: 'two stations, one address: a frame proves nothing about its sender',
          source: 'IEEE 802.1D section 7.8',
          evidence: [movedTo(cell, cell.c.host)],
        }),
        says(cell, 'back', '1 at b, 0 at c', whoGot(cell, back), {
          claim: 'until b itself speaks again',
          formula: 'the switch believes whom it heard last',
          because: 'neither of them, nor a, was told anything',
          source: 'IEEE 802.1D section 7.8',
          evidence: [movedTo(cell, cell.b.host)],
        }),
      ]
    },
  },
}

/** Of the row, whoever it was for; null: not every frame is known. */
function heardByC({ c }: Cell, within: Period) {
  return received(c.packets(within))
}

function whoGot({ b, c }: Cell, within: Period): string | null {
  const [atB, atC] = [received(b.packets(within)), received(c.packets(within))]
  return atB && atC && `${atB.length} at b, ${atC.length} at c`
}

/** In force, as the switch itself says. */
function ageingOf(cell: Cell): number {
  return started(cell)?.data.ageingMs ?? Number.NaN
}

function started(cell: Cell) {
  return cell.log.all('switch:started').find(({ data }) => data.switch === cell.case)
}

/** What the switch did with the datagrams from a to the address of b. */
function forwarded(cell: Cell) {
  return ofSwitch(cell).filter(({ data }) => data.from === cell.a.host && data.destination === macOf(cell.b))
}

function movedTo(cell: Cell, host: string) {
  return ofSwitch(cell).find(({ data }) => data.learned === 'moved' && data.from === host)
}

function ofSwitch(cell: Cell) {
  return cell.log.all('switch:forwarded', cell.watch).filter(({ data }) => data.switch === cell.case)
}

function reasonsOf(cell: Cell): string {
  return forwarded(cell)
    .map(({ data }) => data.because)
    .join(', ')
}

/** `b and c, b, ...` */
function waysOf(cell: Cell): string {
  const letters = (hosts: readonly string[]) => hosts.map((host) => host.at(-1)).join(' and ') || 'none'
  return forwarded(cell)
    .map(({ data }) => letters(data.to))
    .join(', ')
}
