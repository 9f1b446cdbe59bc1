/** Counts in a durable store until it is killed, and prints each number once it is kept: argv is the folder. */
import { durableStore } from '../../src/store/durable.ts'

const store = durableStore(process.argv[2] ?? '')
for (;;) {
  const count = await store.update(['count'], (values) => {
    const value = Number(values.get('count') ?? 0) + 1
    return { write: new Map([['count', { value }]]), result: value }
  })
  process.stdout.write(`${count}\n`)
}
