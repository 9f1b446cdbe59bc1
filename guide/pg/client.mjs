import pg from 'pg'
import { down, options, saw, server, up } from './say.mjs'

const client = new pg.Client({ host: server, user: 'postgres', database: 'postgres', ...options })

client.on('error', (error) => saw('error', error))
client.on('end', () => down('end'))
client.on('notification', () => saw('notification'))
await client.connect()
await client.query('LISTEN news')
up('LISTEN')
setInterval(() => {}, 60_000)
