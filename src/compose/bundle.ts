/** Bundles what runs in containers, while the image is built: `node --import tsx src/compose/bundle.ts FOLDER`. */
import { fileURLToPath } from 'node:url'
import { bundle } from '../processes/bundle.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

await bundle(
  {
    endpoint: here('endpoint.ts'),
    router: here('router.ts'),
    tell: here('tell.ts'),
    bank: here('../programs/bank/main.ts'),
  },
  process.argv[2] ?? '.',
)
