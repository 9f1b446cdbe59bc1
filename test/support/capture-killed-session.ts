/** The capture process is killed in the middle of a conversation. Started by test/lab/capture-killed.test.ts. */
import { readdirSync, readFileSync } from 'node:fs'
import { openSession } from './session.ts'

const { rig, report } = await openSession({ promises: {} })
const [pair] = await rig.boot(['killed'])
if (pair === undefined) throw new Error('no hosts')
await rig.runCase(pair, async () => {
  const { client } = await rig.connectTcp(pair, 'silent')
  rig.mark(pair, 'captured')
  process.kill(capturePid(), 'SIGKILL')
  // Its end is noticed, and what passes now is in no log.
  await rig.sleep(200)
  await client.write('nobody sees this')
  await rig.untilEvent(pair.b, 'tcp:received', { groupId: client.groupId })
  rig.mark(pair, 'uncaptured')
})
await report({})

/** The child of this process that runs the bundle of src/processes/capture.ts. */
function capturePid(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      if (Number(parent) === process.pid && command.includes('capture')) return Number(pid)
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error('there is no capture process')
}
