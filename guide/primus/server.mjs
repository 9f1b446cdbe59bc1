import http from 'node:http'
import Primus from 'primus'
import { down, options } from './say.mjs'

const server = http.createServer()
const primus = new Primus(server, { transformer: 'websockets', ...options })

primus.on('disconnection', () => down('disconnection'))
server.listen(7000)
