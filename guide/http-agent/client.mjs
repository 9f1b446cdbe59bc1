import http from 'node:http'
import { down, options, saw, server, up } from './say.mjs'

const agent = new http.Agent({ keepAlive: true, ...options })
const request = http.get(`http://${server}:7000/`, { agent }, (response) => {
  response.resume()
  response.on('end', () => up('response'))
})

request.on('error', (error) => saw('error', error))
request.on('socket', (socket) => {
  socket.on('error', (error) => saw('socket error', error))
  socket.on('close', (hadError) => down('socket close', `hadError ${hadError}`))
})
setInterval(() => {}, 60_000)
