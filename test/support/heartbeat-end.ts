/** A process of its own with a quick TCP heartbeat, for tests that stop and continue a whole process. */
import { printingEmitter } from '../../src/events/emit.ts'
import { startTcpServer } from '../../src/programs/tcp-server.ts'

const emit = printingEmitter('heartbeat-end')
const timing = { intervalMs: 50, suspectAfterMs: 200, downAfterMs: 400 }
const options = { mechanism: 'tcp', host: '127.0.0.1', port: 0, heartbeat: true, timing }
const { port } = await startTcpServer(options, emit)
emit('program:ready', { ports: { tcp: port } })
