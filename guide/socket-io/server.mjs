import { Server } from 'socket.io'
import { options } from './say.mjs'

new Server(7000, options)
