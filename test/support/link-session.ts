/** Links that lose one frame in five, each measured as soon as it is there. */
import type { Pair } from '../../src/hosts/host.ts'
import { measureLink } from '../../src/try/link.ts'
import { openSession } from './session.ts'

const LINK = { delayMs: 20, loss: 0.2 }
const NAMES = ['one', 'two', 'three', 'four']

const { rig, report } = await openSession()
const problems: (string | null)[] = []
for (const name of NAMES) {
  const [pair] = (await rig.boot([{ name, middle: 'cable', link: LINK }])) as [Pair]
  problems.push(await measureLink(rig, pair, LINK))
}
await report({ problems })
