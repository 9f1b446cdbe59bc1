import postgres from 'postgres'
import { down, options, saw, server, up } from './say.mjs'

const sql = postgres({
  host: server,
  user: 'postgres',
  database: 'postgres',
  onclose: () => down('onclose'),
  ...options,
})

sql
  .listen(
    'news',
    () => saw('notification'),
    () => up('onlisten'),
  )
  .catch((error) => saw('rejected', error))
