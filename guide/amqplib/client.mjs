import { connect } from 'amqplib'
import { down, options, saw, server, up } from './say.mjs'

const connection = await connect({ hostname: server, username: 'guide', password: 'guide', ...options })

connection.on('error', (error) => saw('error', error))
connection.on('close', (error) => down('close', error))
const channel = await connection.createChannel()
channel.on('error', (error) => saw('channel error', error))
const { queue } = await channel.assertQueue('news', { exclusive: true })
await channel.consume(queue, () => saw('message'))
up('consume')
setInterval(() => {}, 60_000)
