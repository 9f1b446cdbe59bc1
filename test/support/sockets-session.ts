/**
 * A lab by hand: one pair of hosts whose sockets are led step by step, with what the steps answered printed as one
 * JSON line. Started by sockets.test.ts inside namespaces of its own: argv is one JSON object.
 */
import { openEventLog } from '../../src/events/emit.ts'
import type { Host } from '../../src/hosts/host.ts'
import { netnsHosts } from '../../src/hosts/netns.ts'
import { CaptureProcess } from '../../src/kernel/capture/capture-process.ts'
import type { Plan } from '../../src/lab/plan.ts'
import { Rig } from '../../src/lab/rig.ts'

const { folder, host: programsBundle, capture: captureBundle, sysctls } = JSON.parse(process.argv[2] ?? '{}')
const about = { run: 'test', lab: 'test' }
const log = openEventLog({ ...about, file: `${folder}/events/lab.1.ndjson`, host: 'lab', incarnation: 1 })
const emit = log.emitter('lab')
const capture = await CaptureProcess.start(captureBundle, { ...about, folder }, emit)
const watcher = {
  wired: ({ name }: Host) => capture.watch({ name, incarnation: 1 }),
  translated: async () => {},
}
const hosts = await netnsHosts(sysctls, log, watcher, () => Promise.reject(new Error('no cable is wanted')))
const plan = { ...about, folder, programsBundle, mechanisms: [] } as unknown as Plan
const rig = new Rig(plan, hosts, log, capture, new AbortController().signal)
const [pair] = await rig.boot(['test'])
if (pair === undefined || hosts.network === null) throw new Error('no hosts')
const { a, b } = pair
const [atA, atB] = [rig.sockets(a), rig.sockets(b)]
const within = { withinMs: 3000 }
const answers: Record<string, unknown> = {}

// One way after the other is closed.
const halfListener = await atB.tcp.listen('half-close', { allowHalfOpen: true })
const half = await atA.tcp.connect('half-close', halfListener.at, { allowHalfOpen: true })
answers.connected = await half.connected()
const halfAtB = halfListener.accepted(half)
await halfAtB.accepted()
await half.write('one')
await half.end()
await rig.untilKernel(a, half.groupId, 'FIN-WAIT-2', within)
await rig.untilKernel(b, half.groupId, 'CLOSE-WAIT', within)
await halfAtB.write('still here')
answers.receivedAfterFin = (
  await rig.untilEvent(a, 'tcp:received', { groupId: half.groupId, ...within })
).data
await half.observe()
await halfAtB.end()
await rig.untilKernel(a, half.groupId, 'TIME-WAIT', within)
await rig.untilKernel(b, half.groupId, 'CLOSED', within)
const again = await atA.tcp.connect('half-close', halfListener.at, { localPort: half.port })
answers.samePort = await again.connected()

// close(2) with unread data.
const unreadListener = await atB.tcp.listen('unread', { does: 'nothing' })
const unread = await atA.tcp.connect('unread', unreadListener.at)
await unreadListener.accepted(unread).accepted()
await unread.write('never read')
await rig.untilKernel(b, unread.groupId, { receiveQueueBytes: 10 }, within)
await unreadListener.accepted(unread).destroy()
answers.unread = (await rig.untilEvent(a, 'tcp:error_received', { groupId: unread.groupId, ...within })).data

// A reader that stops.
const slowListener = await atB.tcp.listen('zero-window')
const slow = await atA.tcp.connect('zero-window', slowListener.at)
await slowListener.accepted(slow).accepted()
await slowListener.accepted(slow).stopReading()
answers.zeroWindow = await slow.writeBytes(8_000_000)
await rig.untilKernel(a, slow.groupId, { timer: 'zero-window-probe' }, within)
await slowListener.accepted(slow).resumeReading()
answers.written = (await rig.untilEvent(a, 'tcp:written', { groupId: slow.groupId, ...within })).data
await slow.resetAndDestroy()

// The program has closed, the peer has not.
const finWait = await atA.tcp.connect(
  'fin-wait-2',
  (await atB.tcp.listen('fin-wait-2', { allowHalfOpen: true })).at,
)
await finWait.connected()
await finWait.destroy()
await rig.untilKernel(a, finWait.groupId, 'FIN-WAIT-2', within)
await rig.untilKernel(a, finWait.groupId, 'CLOSED', within)
try {
  await rig.untilKernel(b, finWait.groupId, 'TIME-WAIT', { withinMs: 200 })
} catch (error) {
  answers.inVain = (error as Error).message
}

// Nobody listens.
const refused = await atA.tcp.connect('refused', { address: b.address, port: 9 })
answers.refused = await refused.connected()

// Datagrams.
const receiver = await atB.udp.open('datagrams')
const sender = await atA.udp.open('datagrams', { to: receiver.at, dontFragment: true })
await sender.send({ count: 20, bytes: 100, intervalMs: 1 })
await sender.send({ bytes: 2000 })
await rig.untilEvent(b, 'udp:datagram_received', { mechanism: 'datagrams', occurrence: 20, ...within })
answers.counted = Object.values(await receiver.count())
const nobody = await atA.udp.open('nobody', { to: { address: b.address, port: 19 }, connected: true })
await nobody.sendText('anybody?')
answers.nobody = (await rig.untilEvent(a, 'udp:error_received', { mechanism: 'nobody', ...within })).data

// Two that are to lose their peer: one whose reader has stopped, one with data under way when it is closed.
const stuckListener = await atB.tcp.listen('zero-window-dead')
const stuck = await atA.tcp.connect('zero-window-dead', stuckListener.at)
await stuckListener.accepted(stuck).accepted()
await stuckListener.accepted(stuck).stopReading()
await stuck.writeBytes(8_000_000)
const orphan = await atA.tcp.connect('orphan', (await atB.tcp.listen('orphan')).at)
await orphan.connected()
await orphan.observe()
// Until a probe was answered the window may be merely small.
for (let tries = 0; tries < 100 && (await stuck.observe())?.backoff !== 2; tries++) await rig.sleep(50)

// Nothing answers any more.
emit('run:progressed', { message: 'cutting' })
await hosts.network.unplug(b)
emit('run:progressed', { message: 'cut' })
await orphan.write('lost')
await orphan.destroy()
const silent = await atA.tcp.connect('syn-sent', { address: b.address, port: 7 })
await rig.untilKernel(a, 'syn-sent', 'SYN-SENT', within)
await silent.observe()
answers.pending = await silent.connected(500)
answers.silent = await silent.connected(6000)
const hasty = await atA.tcp.connect(
  'syn-sent-user-timeout',
  { address: b.address, port: 13 },
  { userTimeoutMs: 1500 },
)
answers.hasty = await hasty.connected(4000)
await rig.untilKernel(a, orphan.groupId, 'CLOSED', within)
await rig.untilEvent(a, 'tcp:error_received', { groupId: stuck.groupId, ...within })

await rig.end('the test is over')
await capture.stop()
process.stdout.write(JSON.stringify(answers))
process.exit()
