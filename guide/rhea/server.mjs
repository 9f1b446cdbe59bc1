import rhea from 'rhea'

const container = rhea.create_container()

container.on('sendable', ({ sender }) => {
  if (!sender.greeted) sender.send({ body: 'hello' })
  sender.greeted = true
})
container.on('error', () => {})
container.on('disconnected', () => {})
container.on('connection_error', () => {})
container.listen({ port: 5672 })
