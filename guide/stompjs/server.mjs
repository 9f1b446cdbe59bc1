import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ port: 15674 })

/** Enough of STOMP 1.2 for one subscription; it beats as often as it is asked to. */
server.on('connection', (socket) => {
  let timer
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(timer))
  socket.on('message', (data) => {
    const [command, ...lines] = String(data).split('\n')
    const headers = Object.fromEntries(
      lines.filter((line) => line.includes(':')).map((line) => line.split(':', 2)),
    )
    if (command === 'CONNECT') {
      const [gives, wants] = headers['heart-beat'].split(',').map(Number)
      socket.send(`CONNECTED\nversion:1.2\nheart-beat:${wants},${gives}\n\n\0`)
      if (wants > 0) timer = setInterval(() => socket.send('\n'), wants)
    }
    if (command === 'SUBSCRIBE') {
      socket.send(`MESSAGE\nsubscription:${headers.id}\nmessage-id:1\ndestination:news\n\nhello\0`)
    }
  })
})
