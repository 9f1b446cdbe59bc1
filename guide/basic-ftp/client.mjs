import { Client } from 'basic-ftp'
import { down, options, server, up } from './say.mjs'

const client = new Client(options.timeout)
let isServed = false

for (;;) {
  try {
    if (client.closed || !isServed) await client.access({ host: server, port: 2121 })
    await client.send('NOOP')
    if (!isServed) up('NOOP')
    isServed = true
  } catch (error) {
    down('rejected', error)
    isServed = false
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
