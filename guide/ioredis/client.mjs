import { Redis } from 'ioredis'
import { down, options, saw, server, up } from './say.mjs'

const redis = new Redis({ host: server, port: 7000, ...options })

redis.on('ready', () =>
  redis.subscribe('news').then(
    () => up('ready'),
    (error) => saw('subscribe', error),
  ),
)
redis.on('error', (error) => saw('error', error))
redis.on('close', () => down('close'))
redis.on('reconnecting', (ms) => saw('reconnecting', ms))
redis.on('end', () => saw('end'))
