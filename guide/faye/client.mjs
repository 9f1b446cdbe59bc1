import faye from 'faye'
import { down, saw, server, up } from './say.mjs'

const client = new faye.Client(`http://${server}:7000/faye`)

client.on('transport:down', () => down('transport:down'))
client.on('transport:up', () => up('transport:up'))
client
  .subscribe('/news', () => saw('message'))
  .then(
    () => saw('subscribed'),
    (error) => saw('subscribe', error),
  )
