import WebSocket from 'ws'
import { down, options, saw, server, up } from './say.mjs'

const { interval } = options
const socket = new WebSocket(`ws://${server}:7000`)
let timer

socket.on('open', beat)
socket.on('message', () => up('message'))
socket.on('ping', beat)
socket.on('error', (error) => saw('error', error))
socket.on('close', (code, reason) => down('close', code, String(reason)))
// A program that has other things to do.
setInterval(() => {}, 60_000)

function beat() {
  if (interval === undefined) return
  clearTimeout(timer)
  timer = setTimeout(() => socket.terminate(), interval + 1000)
}
