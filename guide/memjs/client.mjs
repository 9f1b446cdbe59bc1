import memjs from 'memjs'
import { options, server, up } from './say.mjs'

const client = memjs.Client.create(`${server}:11211`, {
  logger: { log: (text) => console.log(`saw log ${text}`) },
  ...options,
})

await client.set('key', 'value', { expires: 600 })
await client.get('key')
up('get')
setInterval(() => {}, 60_000)
