/** `npm run doctor`: what this machine can show, and what would make it show more. */
import * as os from 'node:os'
import { findCapabilities, missingBrowser, missingFirewall } from './hosts/capabilities.ts'
import { libcProblem } from './kernel/libc.ts'
import { readSysctls } from './kernel/sysctls.ts'
import { print } from './view/terminal/wrap.ts'

/** Prints it. @returns exit status 0: a machine that can do less is no error */
export async function doctor(): Promise<number> {
  const { tier, because, advice } = await findCapabilities()
  const problem = libcProblem()
  const retries = readSysctls().tcp_retries2
  const lines = [
    `system    ${process.platform} ${os.release()}, node ${process.version}, ${os.availableParallelism()} processors`,
    `tier      ${tier}: ${because}`,
    `faults    ${tier === 'netns' ? 'all: exit kill reset reboot power-off cut blip freeze' : 'exit kill reset freeze; the others need a cable, so Linux with network namespaces'}`,
    ...(tier === 'netns'
      ? [`routers   ${missingFirewall() ?? 'nft is here: translating routers, reject'}`]
      : []),
    ...(tier === 'netns' ? [`browser   ${missingBrowser() ?? 'Chromium is here: pages on hosts'}`] : []),
    `kernel    ${problem === null ? 'socket options, TCP_INFO and socket tables can be read' : `cannot be asked: ${problem}`}`,
    ...(retries === undefined
      ? []
      : [`patience  tcp_retries2 = ${retries}: how often this system sends again before it gives up`]),
    ...advice.map((step) => `to do     ${step}`),
  ]
  print(process.stdout, `${lines.join('\n')}\n`)
  return 0
}
