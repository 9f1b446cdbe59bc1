import { createServer } from 'node:http'
import sockjs from 'sockjs'
import { down, options } from './say.mjs'

const server = createServer()
const news = sockjs.createServer({ log: () => {}, ...options })

news.on('connection', (connection) => {
  connection.write('hello')
  connection.on('close', () => down('close'))
})
news.installHandlers(server, { prefix: '/news' })
server.listen(7000)
