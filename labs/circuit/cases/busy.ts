/** Two slots, three callers. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { SLACK_MS } from '../../../src/lab/checks.ts'
import { counts, nothing, says } from '../../../src/lab/claims.ts'
import { bytesOf, received } from '../../../src/lab/packets.ts'
import { type CircuitSettings, officeOf } from '../conditions.ts'
import { countsOf, NO_CABLE, startedOf } from '../office.ts'

export const busy: CaseOf<CircuitSettings> = {
  id: 'busy',
  promise:
    'one caller more than the trunk has slots; and as many TCP connections on a packet line of that capacity',
  needs: ['exchange'],
  middle: 'exchange',
  exchange: officeOf('busy'),

  async act(rig, pair, { slots }) {
    await rig.sockets(pair.b).telephone.attach('circuit', pair.a)
    const telephones = await rig.sockets(pair.a).telephone.attach('circuit', pair.b)
    const last = slots.busy + 1
    for (let line = 1; line < last; line++) {
      await telephones.call(line)
      // Whoever calls is told at the same time as it rings at the other end, and perhaps hears it first.
      const rung = { mechanism: 'circuit', occurrence: line }
      await rig.came(rig.untilEvent(pair.b, 'telephone:call_updated', rung))
    }
    rig.mark(pair, 'full')
    await telephones.call(last)
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'tried')
    await rig.countExchange(pair)
    await telephones.hangUp(last)
    await telephones.hangUp(1)
    await telephones.call(last)
    await rig.countExchange(pair)

    if (!rig.offers('cable')) return rig.skip(busy.id, NO_CABLE, 'packets')
    rig.mark(pair, 'packets')
    const listener = await rig.sockets(pair.b).tcp.listen('packets')
    for (let connection = 0; connection < last; connection++) {
      const client = await rig.sockets(pair.a).tcp.connect('packets', listener.at)
      await client.connected()
      await client.write('hello')
      await rig.came(rig.untilEvent(pair.b, 'tcp:received', { groupId: client.groupId }))
    }
    await rig.sleep(SLACK_MS)
    rig.mark(pair, 'over')
  },

  rows: {
    circuit(cell) {
      const full = cell.between('full', 'tried')
      const [tried, freed] = countsOf(cell)
      if (full === null || tried === undefined) return []
      const { a, b } = cell
      const slots = startedOf(cell)?.data.slots ?? Number.NaN
      const tones = a.all('telephone:call_updated').filter(({ data }) => data.old === 'calling')
      const expected = Array.from({ length: slots + 1 }, (_, call) => (call < slots ? 'talking' : 'busy'))
      const answers = tones.slice(0, slots + 1).map(({ data }) => data.new)
      const again = tones[slots + 1]
      const atB = received(b.packets(full))
      return [
        says(cell, 'answers', expected.join(', '), answers.join(', '), {
          claim: `of ${slots + 1} callers ${slots} are connected, and the last one hears the busy tone`,
          formula: `${slots} slots, a call each`,
          because: 'a slot is for one call alone, from its beginning to its end',
          source: 'ITU-T Q.931 section 5.1; src/wire/exchange.ts',
          evidence: tones.slice(0, slots + 1),
          short: 'BUSY',
        }),
        nothing(cell, 'not-rung', atB, full, {
          claim: 'whom the refused one wanted to speak with is not even rung',
          formula: 'no frame to b while the last one calls',
          because: 'there is no way there: the exchange alone knows that somebody called',
          source: 'src/wire/exchange.ts',
          evidence: [...b.all('telephone:call_updated')],
        }),
        says(cell, 'owners', ownersUntil(slots), tried.data.owners.join(', '), {
          claim: 'the exchange knows whose each slot is',
          formula: 'in the order in which they called',
          because: 'this is what the wire being occupied means: a table, and a place in each frame',
          source: 'src/wire/exchange.ts',
          evidence: [tried],
        }),
        counts(cell, 'silent', tried.data.reserved, tried.data.silent, 'slots', {
          claim: 'nobody has said a word yet: all that is reserved carries nothing',
          formula: `as many as were reserved in ${tried.data.frames} frames`,
          because: 'a slot is kept for who may speak, not for who speaks',
          source: 'src/wire/exchange.ts',
          evidence: [tried],
        }),
        says(cell, 'freed', 'talking', again?.data.new ?? '', {
          claim: 'when another one hangs up, the refused one gets through',
          formula: 'a slot is free again',
          because: `the slots belong to ${freed?.data.owners.join(', ') ?? 'nobody knows'} now`,
          source: 'ITU-T Q.931 section 5.3',
          evidence: [again],
        }),
      ]
    },

    packets(cell) {
      const over = cell.moment('over')
      // Where no cable leads through the office there is none.
      if (over === undefined) return []
      const last = cell.settings.slots.busy + 1
      const up = cell.b.all('tcp:accepted')
      const established = up.filter(({ group_id }) => stateAt(cell, group_id, over) === 'ESTABLISHED')
      const heard = cell.b.all('tcp:received')
      return [
        counts(cell, 'all-connected', last, established, 'connections', {
          claim: 'on a packet line of the same capacity all of them are connected',
          formula: `as many as tried: ${last}`,
          because: 'a connection is an entry in two tables; it takes no place on the line',
          source: 'RFC 9293 section 3.3.2',
          short: `${established.length} up`,
        }),
        counts(cell, 'heard', last * 'hello'.length, bytesOf(heard), 'bytes', {
          claim: 'and each of them is heard',
          formula: `${last} x ${'hello'.length}`,
          because: 'whoever has something to say has the line, for as long as his packet takes',
          source: 'src/wire/packet-line.ts',
          evidence: heard,
        }),
      ]
    },
  },
}

function stateAt({ b }: Cell, groupId: string | undefined, time: number): string {
  return b.of(groupId).state(time)
}

function ownersUntil(slots: number): string {
  return Array.from({ length: slots }, (_, slot) => slot + 1).join(', ')
}
