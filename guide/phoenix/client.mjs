import { Socket } from 'phoenix'
import { WebSocket } from 'ws'
import { down, options, saw, server, up } from './say.mjs'

const socket = new Socket(`ws://${server}:4000/socket`, { transport: WebSocket, ...options })
const channel = socket.channel('news')

socket.onOpen(() => saw('socket open'))
socket.onError(({ message }) => saw('socket error', message))
socket.onClose(({ code, reason }) => down('socket closed', code, reason))
channel.onError((reason) => down('channel error', reason))
socket.connect()
channel
  .join()
  .receive('ok', () => up('joined'))
  .receive('error', (reason) => saw('join error', reason))
  .receive('timeout', () => saw('join timeout'))
