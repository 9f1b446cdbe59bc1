import { createServer } from 'node:http'
import websocket from 'websocket'
import { options } from './say.mjs'

const httpServer = createServer().listen(7000)

new websocket.server({ httpServer, autoAcceptConnections: true, ...options }).on('connect', (connection) =>
  connection.sendUTF('hello'),
)
