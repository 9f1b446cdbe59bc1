import Primus from 'primus'
import { down, options, saw, server, up } from './say.mjs'

const Socket = Primus.createSocket({ transformer: 'websockets' })
const primus = new Socket(`http://${server}:7000`, options)

primus.on('open', () => up('open'))
primus.on('offline', () => down('offline'))
primus.on('close', () => down('close'))
primus.on('error', (error) => saw('error', error))
primus.on('reconnect scheduled', () => saw('reconnect scheduled'))
primus.on('end', () => down('end'))
