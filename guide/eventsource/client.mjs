import { EventSource } from 'eventsource'
import { down, server, up } from './say.mjs'

const source = new EventSource(`http://${server}:7000/`)

source.onmessage = () => up('message')
source.onerror = ({ code, message }) => down('error', code, message, `readyState ${source.readyState}`)
