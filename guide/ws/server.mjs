import { WebSocketServer } from 'ws'
import { options } from './say.mjs'

const { interval } = options
const server = new WebSocketServer({ port: 7000 })

server.on('connection', (socket) => {
  socket.isAlive = true
  socket.on('pong', () => {
    socket.isAlive = true
  })
  socket.on('error', () => {})
  socket.send('hello')
})
if (interval !== undefined) setInterval(look, interval)

function look() {
  for (const socket of server.clients) {
    if (!socket.isAlive) socket.terminate()
    socket.isAlive = false
    if (socket.readyState === 1) socket.ping()
  }
}
