/** Calls between our telephone and baresip, by address, by kamailio and by our registrar: each end hears the other's tone. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { temporaryFolder } from '../support/cli.ts'
import { isInstalled, testNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'
import { hasTshark } from '../support/tshark.ts'
import type { CallReport, CallWish } from './peers/call-session.ts'
import { mediaReadOtherwise, saidOnWire } from './peers/read-by-ours.ts'
import { readWav, type Sound, tenthsOf } from './peers/tone.ts'
import { readWire } from './peers/wire.ts'

const file = new URL('peers/call-session.ts', import.meta.url)
const LIMIT_MS = 60_000
const { isolation } = await findCapabilities()
const programs = ['baresip', 'kamailio', 'dumpcap']
const has = isolation !== null && hasTshark && programs.every((program) => isInstalled(program))

const CALLS: CallWish[] = [
  { name: 'theirs', caller: 'baresip', callee: 'baresip', registrar: null },
  { name: 'we-answer', caller: 'baresip', callee: 'ours', registrar: null },
  { name: 'we-call', caller: 'ours', callee: 'baresip', registrar: null },
  { name: 'kam-answer', caller: 'baresip', callee: 'ours', registrar: 'kamailio' },
  { name: 'kam-call', caller: 'ours', callee: 'baresip', registrar: 'kamailio' },
  { name: 'by-ours', caller: 'baresip', callee: 'baresip', registrar: 'ours' },
]

testNeeding(`network namespaces, tshark, ${programs.join(', ')}`, has)(
  'each hears the tone of the other, by address and by a proxy that asks for passwords; the wire is clean',
  async () => {
    if (isolation === null) throw new Error('no network namespaces')
    const sip = { out: temporaryFolder(), calls: CALLS }
    const { report } = await runSession<CallReport[]>(file, isolation, { sip } as object)
    expect(report).toHaveLength(CALLS.length)
    for (const [place, call] of report.entries()) checkCall(CALLS[place] as CallWish, call)
  },
  LIMIT_MS,
)

function checkCall({ name, registrar }: CallWish, { caller, callee, wire: file }: CallReport): void {
  const wire = readWire(file)
  checkHeard(`${name}, the caller`, readWav(caller.heard), callee.saysHz, caller.saysHz)
  checkHeard(`${name}, the callee`, readWav(callee.heard), caller.saysHz, callee.saysHz)
  checkHeard(`${name}, on the wire`, saidOnWire(wire, caller.address), caller.saysHz, callee.saysHz)
  expect(wire.doubts, name).toEqual([])
  expect(mediaReadOtherwise(wire), name).toEqual([])
  expect(wire.streams.map(({ from }) => from).sort(), name).toEqual([caller.address, callee.address].sort())
  for (const { packets, outOfOrder } of wire.streams) {
    // 50 a second.
    expect(packets, name).toBeGreaterThan(150)
    expect(outOfOrder, name).toBe(0)
  }
  expect(wire.lost, name).toEqual([0, 0])
  const words = wire.ladder.map((message) => message.words)
  for (const word of ['INVITE', '180 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE'])
    expect(words).toContain(word)
  if (registrar !== null) for (const word of ['401 REGISTER', '200 REGISTER']) expect(words).toContain(word)
}

/** Of the tenths of a second nine in ten are the tone that was said; none is the one that the end said itself. */
function checkHeard(who: string, sound: Sound, hertz: number, own: number): void {
  const said = tenthsOf(sound, hertz)
  expect(said.length, who).toBeGreaterThan(20)
  expect(said.filter((share) => share > 0.9).length, who).toBeGreaterThan(0.9 * said.length)
  for (const share of tenthsOf(sound, own)) expect(share, who).toBeLessThan(0.1)
}
