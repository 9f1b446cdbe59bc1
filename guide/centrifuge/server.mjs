import { WebSocketServer } from 'ws'
import { options } from './say.mjs'

const { ping = 25 } = options
const server = new WebSocketServer({ port: 8000 })

/** Enough of Centrifugo's JSON protocol: connect, and an empty object every `ping` seconds. */
server.on('connection', (socket) => {
  let timer
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(timer))
  socket.on('message', (data) => {
    const commands = String(data).split('\n').filter(Boolean)
    for (const { id, connect } of commands.map((line) => JSON.parse(line))) {
      if (connect === undefined) continue
      socket.send(
        JSON.stringify({ id, connect: { client: 'client', version: 'stand-in', ping, pong: true } }),
      )
      timer = setInterval(() => socket.send('{}'), ping * 1000)
    }
  })
})
