import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 7000 })
/** As Pusher says by default, in seconds. */
const established = { socket_id: '1.1', activity_timeout: 120 }

/** Enough of Pusher's protocol: a connection, and an answer to each ping. */
server.on('connection', (socket) => {
  const send = (event, data) => socket.send(JSON.stringify({ event, data: JSON.stringify(data) }))
  socket.on('error', () => {})
  socket.on('message', (data) => {
    if (JSON.parse(data).event === 'pusher:ping') send('pusher:pong', {})
  })
  send('pusher:connection_established', established)
})
