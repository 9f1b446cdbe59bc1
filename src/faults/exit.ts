import { type Fault, verify } from './fault.ts'

export const exit: Fault = {
  id: 'exit',
  promise: 'the programs of the host close their sockets in order and end',
  needs: [],
  async strike({ struck, other, truth }) {
    const { process } = struck
    verify(process !== null, `${struck.name} has no process to end`)
    // Before the act: the first FIN leaves while the program is still closing the rest.
    truth(other, 'gone')
    // The answer to this request is the end of the process.
    process.ask('exit', null).catch(() => {})
    const { code, signal } = await process.exited
    verify(code === 0, `the process of ${struck.name} ended with ${signal ?? `status ${code}`} instead of 0`)
    return { verifiedBy: 'the process ended with status 0' }
  },
}
