import { Publisher } from 'zeromq'
import { down } from './say.mjs'

const socket = new Publisher()

socket.events.on('disconnect', () => down('disconnect'))
await socket.bind('tcp://0.0.0.0:7000')
setInterval(() => {}, 60_000)
