import { Socket } from 'node:net'
import modbus from 'jsmodbus'
import { down, options, saw, server, up } from './say.mjs'

const socket = new Socket()
const client = new modbus.client.TCP(socket, 1, options.timeout)
let isServed = false

socket.on('error', (error) => saw('socket error', error))
socket.on('close', () => saw('socket close'))
socket.on('connect', ask)
socket.connect({ host: server, port: 7000 })
setInterval(() => {}, 60_000)

async function ask() {
  for (;;) {
    try {
      await client.readHoldingRegisters(0, 1)
      if (!isServed) up('readHoldingRegisters')
      isServed = true
    } catch ({ err, message }) {
      down('rejected', err, message)
      isServed = false
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}
