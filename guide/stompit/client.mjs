import stompit from 'stompit'
import { down, options, saw, server, up } from './say.mjs'

const { heartbeat = 0 } = options
const servers = [{ host: server, port: 61613, heartbeat: [heartbeat, heartbeat] }]
const failover = new stompit.ConnectFailover(servers, { maxReconnectDelay: 1000 })

failover.on('error', (error) => saw('error', error))
failover.connect((error, client, reconnect) => {
  if (error) return saw('connect', error)
  up('connect')
  client.on('error', (error) => {
    down('error', error)
    reconnect()
  })
  client.subscribe('news', (error) => saw('subscription', error))
})
