import websocket from 'websocket'
import { down, saw, server, up } from './say.mjs'

const client = new websocket.client()

client.on('connectFailed', (error) => saw('connectFailed', error))
client.on('connect', (connection) => {
  connection.on('message', () => up('message'))
  connection.on('error', (error) => saw('error', error))
  connection.on('close', (code, reason) => down('close', code, reason))
})
client.connect(`ws://${server}:7000/`)
setInterval(() => {}, 60_000)
