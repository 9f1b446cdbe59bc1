import signalr from '@microsoft/signalr'
import { down, options, saw, server, up } from './say.mjs'

const { serverTimeoutInMilliseconds } = options
const builder = new signalr.HubConnectionBuilder()
  .withUrl(`http://${server}:7000/hub`, {
    skipNegotiation: true,
    transport: signalr.HttpTransportType.WebSockets,
  })
  .withAutomaticReconnect()
  .configureLogging(signalr.LogLevel.None)
if (serverTimeoutInMilliseconds !== undefined) builder.withServerTimeout(serverTimeoutInMilliseconds)
const connection = builder.build()

connection.onreconnecting((error) => down('onreconnecting', error))
connection.onreconnected(() => up('onreconnected'))
connection.onclose((error) => saw('onclose', error))
await connection.start()
up('start')
setInterval(() => {}, 60_000)
