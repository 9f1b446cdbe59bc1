import { Connection } from 'rabbitmq-client'
import { down, options, saw, server, up } from './say.mjs'

const connection = new Connection({ hostname: server, username: 'guide', password: 'guide', ...options })

connection.on('error', (error) => down('error', error))
const consumer = connection.createConsumer({ queueOptions: { queue: 'news', exclusive: true } }, () =>
  saw('message'),
)
consumer.on('ready', () => up('ready'))
consumer.on('error', (error) => saw('consumer error', error))
