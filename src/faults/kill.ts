import { type Fault, verify } from './fault.ts'

export const kill: Fault = {
  id: 'kill',
  promise: 'the process is ended by SIGKILL; it cannot say goodbye, its kernel can',
  needs: [],
  async strike({ struck, other, truth }) {
    const { process } = struck
    verify(process !== null, `${struck.name} has no process to kill`)
    truth(other, 'gone')
    process.signal('SIGKILL')
    const { signal } = await process.exited
    verify(signal === 'SIGKILL', `the process of ${struck.name} ended otherwise: ${signal}`)
    return { verifiedBy: 'the process ended by SIGKILL' }
  },
}
