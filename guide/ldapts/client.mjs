import { Client } from 'ldapts'
import { down, options, server, up } from './say.mjs'

const client = new Client({ url: `ldap://${server}:7000`, ...options })
let isServed = false

for (;;) {
  try {
    if (!client.isConnected) await client.bind('cn=guide', 'guide')
    await client.search('o=guide', { scope: 'base' })
    if (!isServed) up('search')
    isServed = true
  } catch (error) {
    down('rejected', error)
    isServed = false
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
