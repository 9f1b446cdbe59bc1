import { createServer } from 'node:net'
import modbus from 'jsmodbus'

const server = createServer((socket) => socket.on('error', () => {}))

new modbus.server.TCP(server, { holding: Buffer.alloc(16) })
server.listen(7000)
