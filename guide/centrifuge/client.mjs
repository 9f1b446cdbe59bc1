import { Centrifuge } from 'centrifuge'
import { WebSocket } from 'ws'
import { down, options, saw, server, up } from './say.mjs'

const client = new Centrifuge(`ws://${server}:8000/connection/websocket`, {
  websocket: WebSocket,
  ...options,
})

client.on('connected', () => up('connected'))
client.on('connecting', ({ code, reason }) => down('connecting', code, reason))
client.on('disconnected', ({ code, reason }) => down('disconnected', code, reason))
client.on('error', ({ error }) => saw('error', error.code, error.message))
client.connect()
