/** Nobody speaks: what does that take of the wire? */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { ofKind } from '../../../src/lab/packets.ts'
import { VOICE_BYTES } from '../../../src/programs/scripts/telephone/requests.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'
import { ETHERNET_BYTES } from '../expectations.ts'
import { countsOf, grew, NO_CABLE, startedOf } from '../office.ts'

/** A program that is a tenth of a second late sends so many frames of its trunk after one another. */
const FRAMES_LATE = 5

export const idle: CaseOf<CircuitSettings> = {
  id: 'idle',
  promise: 'a call is up and a TCP connection too, and nobody says a word; then another one calls',
  needs: ['exchange'],
  middle: 'exchange',
  exchange: officeOf('idle'),

  async act(rig, pair, { idleMs, slots }) {
    await rig.sockets(pair.b).telephone.attach('circuit', pair.a)
    const telephones = await rig.sockets(pair.a).telephone.attach('circuit', pair.b)
    for (let line = 1; line <= slots.idle; line++) await telephones.call(line)
    const speak = rig.offers('cable') ? await speakerOn(rig, pair) : null
    if (speak === null) rig.skip(idle.id, NO_CABLE, 'packets')

    await speak?.(1)
    rig.mark(pair, 'silent')
    await rig.countExchange(pair)
    await rig.sleep(idleMs)
    await rig.countExchange(pair)
    rig.mark(pair, 'over')
    await speak?.(2)
    rig.mark(pair, 'another')
    await telephones.call(slots.idle + 1)
    rig.mark(pair, 'end')
  },

  rows: {
    circuit(cell) {
      const silent = cell.between('silent', 'over')
      const [from, to] = countsOf(cell)
      if (silent === null || from === undefined || to === undefined) return []
      const { frameMs = Number.NaN, slots = Number.NaN } = startedOf(cell)?.data ?? {}
      const frames = Math.round((to.time - from.time) / frameMs)
      const reserved = grew('reserved', from, to) ?? 0
      const trunk = cell.c.everyPacket(silent)
      const frameBytes = ETHERNET_BYTES + slots * VOICE_BYTES
      const lengths = [...new Set(trunk?.map(({ data }) => data.frameBytes))]
      const another = cell.a
        .all('telephone:call_updated', { from: cell.moment('another') ?? silent.to })
        .find(({ data }) => data.old === 'calling')
      return [
        counts(
          cell,
          'kept',
          { min: slots * (frames - FRAMES_LATE), max: slots * (frames + FRAMES_LATE) },
          reserved,
          'slots',
          {
            claim: 'in every frame of the trunk the silent call keeps its slot',
            formula: `${slots} in each frame of ${frameMs} ms, for ${Math.round(to.time - from.time)} ms; ${FRAMES_LATE} may be late`,
            because: 'the exchange reserved them when the call began, and asks nobody since',
            source: 'src/wire/exchange.ts',
            evidence: [from, to],
          },
        ),
        counts(cell, 'silent', reserved, grew('silent', from, to), 'slots', {
          claim: 'and all of them carry nothing',
          formula: `as many as were reserved: ${reserved}`,
          because: `${(reserved * VOICE_BYTES) / 1000} kB of capacity, for nobody`,
          source: 'ITU-T G.711: 64 kbit/s each, whether anybody speaks or not',
          evidence: [from, to],
          short: `${reserved} kept`,
        }),
        says(cell, 'trunk', `${frameBytes} bytes each`, trunk && `${lengths.join(', ')} bytes each`, {
          claim: 'on the wire a frame with silence in it is as long as one with speech',
          formula: `${ETHERNET_BYTES} + ${slots} x ${VOICE_BYTES}`,
          because: `${trunk?.length ?? 0} frames of the trunk were captured meanwhile`,
          source: 'src/wire/office-frames.ts',
          evidence: trunk?.slice(-1) ?? [],
        }),
        says(cell, 'another', 'busy', another?.data.new ?? '', {
          claim: 'another caller hears the busy tone, although nobody speaks',
          formula: 'no slot is free',
          because: 'true of circuits: who is connected occupies the wire',
          source: 'src/wire/exchange.ts',
          evidence: [another],
        }),
      ]
    },

    packets(cell) {
      const silent = cell.between('silent', 'over')
      const another = cell.moment('another')
      if (silent === null || another === undefined || cell.b.first('tcp:accepted') === undefined) return []
      const before = cell.packets({ to: silent.from })
      const during = cell.packets(silent)
      const after = cell.packets({ from: silent.to, to: another })
      const words = (of: typeof before) => ofKind(of, 'data')
      return [
        counts(cell, 'before', 2, words(before), 'frames', {
          claim: 'the capture sees the first word of the TCP connection, at both cards',
          formula: 'one segment of data, sent and received',
          because: 'who counts nothing afterwards has to be able to see',
          source: 'tcp(7)',
        }),
        nothing(cell, 'frames', during, silent, {
          claim: 'while nobody says a word, the connection adds no frame to the line',
          formula: 'exactly zero, at both cards',
          because: 'it is two entries in two tables; the line does not know of it',
          source: 'RFC 9293 section 3.8.4: keepalive is optional, and off by default',
          short: '0 fr',
        }),
        counts(cell, 'after', 2, words(after), 'frames', {
          claim: 'and the same capture sees the next word',
          formula: 'one segment of data, sent and received',
          because: 'the connection was there all the time',
          source: 'tcp(7)',
        }),
        says(cell, 'still-up', 'ESTABLISHED | ESTABLISHED', cell.states(silent.to), {
          claim: 'both kernels hold it as established',
          formula: 'client | server',
          because: `after ${Math.round(silent.to - silent.from)} ms without a word`,
          source: 'RFC 9293 section 3.3.2',
          evidence: [cell.b.last('kernel:socket_updated', { to: silent.to })],
        }),
      ]
    },
  },
}

/** A TCP connection, and how a word is said on it: heard before it is over. */
async function speakerOn(rig: Rig, pair: Pair): Promise<(occurrence: number) => Promise<void>> {
  const { client } = await rig.connectTcp(pair, 'packets')
  return async (occurrence) => {
    await client.write('hello')
    await rig.came(rig.untilEvent(pair.b, 'tcp:received', { groupId: client.groupId, occurrence }))
    await rig.sleep(SLACK_MS)
  }
}
