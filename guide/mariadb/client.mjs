import { createConnection } from 'mariadb'
import { down, options, saw, server, up } from './say.mjs'

const connection = await createConnection({ host: server, user: 'guide', ...options })

connection.on('error', (error) => saw('error', error))
connection.on('end', () => saw('end'))
await connection.query('select 1')
connection.query('select sleep(1000)').catch((error) => down('rejected', error))
up('connect')
setInterval(() => {}, 60_000)
