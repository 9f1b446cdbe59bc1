import coap from 'coap'
import { down, options, saw, server, up } from './say.mjs'

coap.updateTiming(options)

const request = coap.request({ host: server, port: 5683, pathname: '/news', observe: true })

request.on('response', (response) => {
  response.on('data', () => up('data'))
  response.on('end', () => down('end'))
  response.on('error', (error) => saw('response error', error))
})
request.on('timeout', (error) => saw('timeout', error))
request.on('error', (error) => saw('error', error))
request.end()
