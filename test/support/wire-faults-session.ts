/** Each fault of the network between, struck and undone. */
import { delay } from '../../src/faults/delay.ts'
import { faults, wireFaults } from '../../src/faults/registry.ts'
import type { Pair } from '../../src/hosts/host.ts'
import { missing } from '../../src/plan/needs.ts'
import { idleConnection, openSession } from './session.ts'

const { rig, report } = await openSession()
const [plain, cabled] = (await rig.boot(['plain', { name: 'cabled', middle: 'cable' }])) as [Pair, Pair]

for (const id of [
  'delay',
  'jitter',
  'loss',
  'duplication',
  'reordering',
  'hold',
  'one-way',
  'mtu-black-hole',
] as const) {
  const inForce = await rig.strike(wireFaults[id], cabled)
  await inForce.undo()
}
// Of another strength than the registered one, and longer than a host usually has for an answer.
const inForce = await rig.strike(delay(1500), cabled)
await inForce.undo()
// On any pair: the rule is the struck host's own.
const missingForReject = missing(wireFaults.reject.needs, 'netns', process.platform)
if (missingForReject === null) await (await rig.strike(wireFaults.reject, plain)).undo()
// Where there is no cable, a fault that needs one says so.
await rig.strike(wireFaults.loss, plain)
// Other faults work on a cable as on a switch.
await (await rig.strike(faults.cut, cabled)).undo()
await rig.connect(cabled, idleConnection)
await rig.strike(faults.reboot, cabled)

await report({ missing: missingForReject })
