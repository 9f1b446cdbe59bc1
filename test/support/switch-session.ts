/** A learning switch that is a program: more frames in a second than it tells of, then a card that goes down. */
import { setTimeout as delay } from 'node:timers/promises'
import { execute } from '../../src/hosts/commands.ts'
import type { Pair } from '../../src/hosts/host.ts'
import { openSession } from './session.ts'

/** Three times what it tells of in a second, in half a second: in whichever two seconds they come, some are untold. */
const FRAMES = 3000
const FRAMES_PER_MS = 6
/** It counts what it did not tell of once in a second. */
const TOLD_MS = 1500

const { rig, report } = await openSession()
const [pair] = (await rig.boot([{ name: 'boxed', middle: 'learning-switch' }])) as [Pair]
const hearer = await rig.sockets(pair.b).telephone.open('packets')
const speaker = await rig.sockets(pair.a).telephone.open('packets')
await speaker.talk(
  hearer.at,
  Array.from({ length: FRAMES }, (_, frame) => ({ atMs: frame / FRAMES_PER_MS, line: 1 })),
)
await delay(TOLD_MS)
await execute(['ip', 'link', 'set', 'dev', pair.a.name, 'down'])
await delay(TOLD_MS)
await report({ frames: FRAMES, port: pair.a.name })
