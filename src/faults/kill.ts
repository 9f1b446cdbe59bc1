import type { Fault } from './fault.ts'

export const kill: Fault = {
  id: 'kill',
  promise: 'the process is ended by SIGKILL; it cannot say goodbye, its kernel can',
  needs: [],
  async strike({ struck, other, truth, workload }) {
    truth(other, 'gone')
    return workload(struck).kill()
  },
}
