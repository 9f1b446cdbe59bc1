import { io } from 'socket.io-client'
import { down, saw, server, up } from './say.mjs'

const socket = io(`http://${server}:7000`, { transports: ['websocket'] })

socket.on('connect', () => up('connect'))
socket.on('disconnect', (reason) => down('disconnect', reason))
socket.on('connect_error', (error) => saw('connect_error', error))
socket.io.on('reconnect_attempt', () => saw('reconnect_attempt'))
