import grpc from '@grpc/grpc-js'

const json = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(String(bytes)),
}
const watch = {
  path: '/guide.News/Watch',
  requestStream: false,
  responseStream: true,
  requestSerialize: json.serialize,
  requestDeserialize: json.deserialize,
  responseSerialize: json.serialize,
  responseDeserialize: json.deserialize,
}
const server = new grpc.Server()

server.addService({ watch }, { watch: (call) => call.write('hello') })
server.bindAsync('0.0.0.0:7000', grpc.ServerCredentials.createInsecure(), () => {})
