import SockJS from 'sockjs-client'
import { down, server, up } from './say.mjs'

const socket = new SockJS(`http://${server}:7000/news`, null, { transports: ['websocket'] })

socket.onmessage = () => up('message')
socket.onclose = ({ code, reason, wasClean }) => down('close', code, reason, `wasClean ${wasClean}`)
setInterval(() => {}, 60_000)
