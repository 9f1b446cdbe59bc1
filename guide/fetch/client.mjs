import { Agent, fetch } from 'undici'
import { down, options, saw, server, up } from './say.mjs'

const dispatcher = new Agent(options)

for (;;) {
  try {
    const response = await fetch(`http://${server}:7000/`, { dispatcher })
    up('response')
    for await (const _ of response.body);
    down('end')
  } catch (error) {
    if (error.message === 'fetch failed') saw('rejected', error)
    else down('rejected', error)
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
}
