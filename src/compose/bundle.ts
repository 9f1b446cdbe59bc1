/** Bundles what runs in containers, while the image is built: `node --import tsx src/compose/bundle.ts FOLDER`. */
import { bundle } from '../processes/bundle.ts'
import { projectFile } from '../project/files.ts'

await bundle(
  'containers',
  {
    endpoint: projectFile('src/compose/endpoint.ts'),
    router: projectFile('src/compose/router.ts'),
    tell: projectFile('src/compose/tell.ts'),
    bank: projectFile('src/programs/bank/main.ts'),
  },
  process.argv[2] ?? '.',
)
