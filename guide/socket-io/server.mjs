import { Server } from 'socket.io'
import { down, options } from './say.mjs'

new Server(7000, options).on('connection', (socket) => {
  socket.on('disconnect', (reason) => down('disconnect', reason))
})
