import WebSocket from 'ws'
import { options } from './say.mjs'

const END = '\u001e'
const PING = JSON.stringify({ type: 6 }) + END

new WebSocket.Server({ port: 7000 }).on('connection', (socket) => {
  const timer = setInterval(() => socket.send(PING), options.KeepAliveInterval ?? 15_000)
  socket.once('message', () => socket.send(`{}${END}`))
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(timer))
})
