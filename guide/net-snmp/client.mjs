import snmp from 'net-snmp'
import { down, options, server, up } from './say.mjs'

const session = snmp.createSession(server, 'public', { port: 7000, ...options })
const SYS_UP_TIME = '1.3.6.1.2.1.1.3.0'
/** A poller: it asks again so long after an answer, in ms. */
const PAUSE_MS = 1000

ask()

function ask() {
  session.get([SYS_UP_TIME], (error) => {
    if (error) down('get', error)
    else up('get')
    setTimeout(ask, PAUSE_MS)
  })
}
