import ModbusRTU from 'modbus-serial'
import { down, options, saw, server, up } from './say.mjs'

const client = new ModbusRTU()
let isServed = false

await client.connectTCP(server, { port: 7000 })
client.on('close', () => saw('close'))
if (options.timeout !== undefined) client.setTimeout(options.timeout)
for (;;) {
  try {
    await client.readHoldingRegisters(0, 1)
    if (!isServed) up('readHoldingRegisters')
    isServed = true
  } catch (error) {
    down('rejected', error)
    isServed = false
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
