import { createClient } from 'redis'
import { down, options, saw, server, up } from './say.mjs'

const { socketTimeout, ...others } = options
const client = createClient({
  socket: { host: server, port: 7000, ...(socketTimeout && { socketTimeout }) },
  ...others,
})

client.on('ready', () => up('ready'))
client.on('error', (error) => down('error', error))
client.on('reconnecting', () => saw('reconnecting'))
client.on('end', () => saw('end'))
await client.connect()
await client.get('key')
