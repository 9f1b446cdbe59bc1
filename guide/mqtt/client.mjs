import mqtt from 'mqtt'
import { down, options, saw, server, up } from './say.mjs'

const client = mqtt.connect(`mqtt://${server}:1883`, options)

client.on('connect', () =>
  client.subscribe('news', (error) => (error ? saw('subscribe', error) : up('connect'))),
)
client.on('error', (error) => saw('error', error))
client.on('close', () => down('close'))
client.on('offline', () => saw('offline'))
client.on('reconnect', () => saw('reconnect'))
