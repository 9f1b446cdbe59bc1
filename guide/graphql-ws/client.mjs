import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { down, options, saw, server, up } from './say.mjs'

const client = createClient({ url: `ws://${server}:7000/graphql`, webSocketImpl: WebSocket, ...options })

client.on('closed', ({ code, reason }) => down('closed', code, String(reason)))
client.on('error', (error) => saw('error', error.message))
client.subscribe(
  { query: 'subscription { news }' },
  {
    next: () => up('next'),
    error: (error) => saw('subscription error', error),
    complete: () => saw('complete'),
  },
)
setInterval(() => {}, 60_000)
