import Pusher from 'pusher-js'
import { down, options, saw, server, up } from './say.mjs'

const { connection } = new Pusher('key', {
  ...{
    cluster: '',
    wsHost: server,
    wsPort: 7000,
    forceTLS: false,
    enabledTransports: ['ws'],
    enableStats: false,
  },
  ...options,
})

connection.bind('connected', () => up('connected'))
connection.bind('state_change', ({ previous, current }) => {
  if (previous === 'connected') down('state_change', current)
  else saw('state_change', current)
})
connection.bind('connecting_in', (seconds) => saw('connecting_in', seconds))
connection.bind('error', ({ type, error }) => saw('error', type, error))
