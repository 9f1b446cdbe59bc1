import smpp from 'smpp'
import { down, options, saw, server, up } from './say.mjs'

const session = smpp.connect({ host: server, port: 2775, ...options })

session.on('connect', () =>
  session.bind_transceiver({ system_id: 'id', password: 'secret' }, ({ command_status }) =>
    command_status === 0 ? up('bound') : saw('bind_transceiver', command_status),
  ),
)
session.on('enquire_link_resp', () => {})
session.on('error', (error) => saw('error', error))
session.on('close', () => down('close'))
// A program that has other things to do.
setInterval(() => {}, 60_000)
