import { Subscriber } from 'zeromq'
import { down, options, saw, server, up } from './say.mjs'

const socket = new Subscriber(options)

socket.events.on('handshake', () => up('handshake'))
socket.events.on('disconnect', () => down('disconnect'))
socket.events.on('connect:retry', ({ interval }) => saw('connect:retry', interval))
socket.connect(`tcp://${server}:7000`)
socket.subscribe('news')
for await (const [, message] of socket) saw('message', message)
