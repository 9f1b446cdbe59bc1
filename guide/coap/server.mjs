import coap from 'coap'
import { down, options } from './say.mjs'

/** In ms. */
const EVERY = 1000

coap.updateTiming(options)

coap
  .createServer((_request, response) => {
    const timer = setInterval(() => response.write('news'), EVERY)
    response.write('hello')
    response.on('finish', () => {
      clearInterval(timer)
      down('finish')
    })
  })
  .listen(5683)
