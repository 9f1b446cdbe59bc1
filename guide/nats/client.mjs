import { connect } from 'nats'
import { down, options, saw, server, up } from './say.mjs'

const connection = await connect({ servers: `${server}:4222`, ...options })

connection.subscribe('news', { callback: () => saw('message') })
await connection.flush()
up('connect')
connection.closed().then((error) => down('closed', error))
for await (const { type, data } of connection.status()) {
  if (type === 'disconnect') down('disconnect', data)
  else if (type === 'reconnect') up('reconnect')
  else if (type !== 'pingTimer') saw(type, data)
}
