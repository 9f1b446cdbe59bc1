import net from 'node:net'
import Server from 'stompit/lib/Server.js'
import { options } from './say.mjs'

const { heartbeat = 0 } = options

class Broker extends Server {
  _subscribe(_frame, beforeSendResponse) {
    beforeSendResponse()
  }
  _unsubscribe() {}
  _disconnect(_frame, beforeSendResponse) {
    beforeSendResponse()
  }
}

net
  .createServer((socket) => {
    const broker = new Broker(socket, { heartbeat: [heartbeat, heartbeat] })
    broker.on('error', () => {})
  })
  .listen(61613)
