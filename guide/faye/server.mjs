import http from 'node:http'
import faye from 'faye'
import { down, options } from './say.mjs'

const server = http.createServer()
const bayeux = new faye.NodeAdapter({ mount: '/faye', ...options })

bayeux.on('disconnect', () => down('disconnect'))
bayeux.attach(server)
server.listen(7000)
