/** Who wants what is for a group, without any frames but ours; `bridge.test.ts` holds it against the kernel's bridge. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GroupMembers } from '../../src/wire/group-members.ts'

const GROUP = 'ef010101'
const ALL_HOSTS = 'e0000001'
const ASKED_MS = 10_000
const ANSWERED_MS = ASKED_MS + 101

/** An IPv4 packet in a frame; no switch looks at its checksums. */
function frame(protocol: number, to: string, inside: string, from = '0a000001'): Buffer {
  const length = (20 + inside.length / 2).toString(16).padStart(4, '0')
  const header = `4500${length}0000000001${protocol.toString(16).padStart(2, '0')}0000${from}${to}`
  return Buffer.from(`01005e${to.slice(2)}0200000000aa0800${header}${inside}`, 'hex')
}
const igmp = (type: string, code: string, group: string, to: string, from?: string) =>
  frame(2, to, `${type}${code}0000${group}`, from)
const query = (from?: string) => igmp('11', '01', '00000000', ALL_HOSTS, from)
const join = igmp('16', '00', GROUP, GROUP)
const datagram = (to = GROUP) => frame(17, to, '9c409c4000080000')

function asked(): GroupMembers<string> {
  const groups = new GroupMembers<string>()
  expect(groups.enter(query(), 'router', ASKED_MS)).toBeNull()
  groups.enter(join, 'a', ASKED_MS + 50)
  return groups
}

describe('where nobody asks', () => {
  test('nothing can be known, although somebody has joined', () => {
    const groups = new GroupMembers<string>()
    expect([groups.enter(join, 'a', 0), groups.enter(datagram(), 'b', 1)]).toEqual([null, null])
  })
})

describe('where somebody asks', () => {
  test('members and routers get it, once all have had the time to answer', () => {
    const groups = asked()
    expect(groups.enter(datagram(), 'b', ASKED_MS + 60)).toBeNull()
    expect(groups.enter(datagram(), 'b', ANSWERED_MS)).toEqual(['a', 'router'])
    expect(groups.enter(datagram('ef010102'), 'b', ANSWERED_MS)).toEqual(['router'])
  })

  test('a report goes to routers alone, what is for neighbours to all', () => {
    const groups = asked()
    expect(groups.enter(join, 'b', ANSWERED_MS)).toEqual(['router'])
    expect(groups.enter(datagram('e0000005'), 'b', ANSWERED_MS)).toBeNull()
    expect(groups.enter(igmp('17', '00', GROUP, 'e0000002'), 'a', ANSWERED_MS)).toBeNull()
  })

  test('who leaves is a member until it does not answer a question about that group', () => {
    const groups = asked()
    groups.enter(igmp('17', '00', GROUP, 'e0000002'), 'a', ANSWERED_MS)
    expect(groups.enter(datagram(), 'b', ANSWERED_MS + 5000)).toEqual(['a', 'router'])
    groups.enter(igmp('11', '01', GROUP, GROUP), 'router', ANSWERED_MS + 5000)
    expect(groups.enter(datagram(), 'b', ANSWERED_MS + 5199)).toEqual(['a', 'router'])
    expect(groups.enter(datagram(), 'b', ANSWERED_MS + 5200)).toEqual(['router'])
  })

  test('a member that says nothing for 260 s is none; a router that does not for 255 s neither', () => {
    const groups = asked()
    groups.enter(query(), 'router', ASKED_MS + 250_000)
    expect(groups.enter(datagram(), 'b', ASKED_MS + 260_049)).toEqual(['a', 'router'])
    expect(groups.enter(datagram(), 'b', ASKED_MS + 260_050)).toEqual(['router'])
    expect(groups.enter(datagram(), 'b', ASKED_MS + 505_000)).toBeNull()
  })

  test('of several who ask the one with the lowest address counts', () => {
    const groups = asked()
    groups.enter(query('0a000009'), 'b', ANSWERED_MS)
    expect(groups.enter(datagram('ef010102'), 'c', ANSWERED_MS)).toEqual(['router'])
    groups.enter(query('0a000000'), 'b', ANSWERED_MS)
    expect(groups.enter(datagram('ef010102'), 'c', ANSWERED_MS)).toEqual(['router', 'b'])
  })
})

test('IGMPv3: a join, and a leave that lists no source', () => {
  const report = (type: string) => frame(2, 'e0000016', `2200000000000001${type}000000${GROUP}`)
  const groups = new GroupMembers<string>()
  groups.enter(report('04'), 'a', 0)
  groups.enter(report('04'), 'b', 0)
  groups.enter(report('03'), 'b', 1)
  groups.enter(query(), 'router', ASKED_MS)
  expect(groups.enter(datagram(), 'c', ANSWERED_MS)).toEqual(['a', 'router'])
})

test('more groups than a bridge remembers: it floods', () => {
  const groups = asked()
  for (let group = 0; group < 5000; group++) {
    const address = `ef02${group.toString(16).padStart(4, '0')}`
    groups.enter(igmp('16', '00', address, address), 'a', ASKED_MS)
  }
  expect(groups.enter(datagram(), 'b', ANSWERED_MS)).toBeNull()
})

test('whatever the octets, nobody is lost by them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 14, maxLength: 80 }), fc.boolean(), (octets, isIgmp) => {
      const bytes = Buffer.from(octets)
      if (isIgmp && bytes.length > 24) {
        bytes.write('080045', 12, 'hex')
        bytes.writeUInt8(2, 23)
      }
      new GroupMembers<string>().enter(bytes, 'a', 0)
    }),
  )
})
