import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { options } from './say.mjs'

const schema = buildSchema('type Query { ok: Boolean } type Subscription { news: String }')
const roots = { subscription: { news: subscribe } }

useServer({ schema, roots }, new WebSocketServer({ port: 7000, path: '/graphql' }), options.keepAlive)

async function* subscribe() {
  yield { news: 'hello' }
  await new Promise(() => {})
}
