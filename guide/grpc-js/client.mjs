import grpc from '@grpc/grpc-js'
import { down, options, saw, server, up } from './say.mjs'

const client = new grpc.Client(`${server}:7000`, grpc.credentials.createInsecure(), options)

watch()

function watch() {
  const call = client.makeServerStreamRequest(
    '/guide.News/Watch',
    (value) => Buffer.from(JSON.stringify(value)),
    (bytes) => JSON.parse(String(bytes)),
    {},
  )
  call.on('data', () => up('data'))
  call.on('error', (error) => {
    down('error', error)
    setTimeout(watch, 1000)
  })
  call.on('end', () => saw('end'))
}
