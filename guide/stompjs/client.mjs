import { Client } from '@stomp/stompjs'
import { WebSocket } from 'ws'
import { down, options, saw, server, up } from './say.mjs'

const client = new Client({
  webSocketFactory: () => new WebSocket(`ws://${server}:15674/ws`),
  reconnectDelay: 1000,
  onConnect: () => {
    client.subscribe('news', () => up('message'))
  },
  onHeartbeatLost: () => down('heartbeat lost'),
  onStompError: ({ headers }) => saw('error', headers.message),
  onWebSocketError: ({ message }) => saw('WebSocket error', message),
  onWebSocketClose: ({ code, reason }) => down('WebSocket closed', code, reason),
  ...options,
})

client.activate()
