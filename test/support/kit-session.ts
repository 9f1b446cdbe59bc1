/** Opens a lab and stays, until it is killed. */
import { open } from '../../src/kit/index.ts'

const lab = await open()
await lab.server.start('exec nc -lk 7000')
await lab.client.start('exec nc {server} 7000')
await lab.talking()
process.stdout.write('talking\n')
setInterval(() => {}, 1000)
