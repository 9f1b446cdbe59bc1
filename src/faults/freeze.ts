import type { Fault } from './fault.ts'

export const freeze: Fault = {
  id: 'freeze',
  promise: 'the process stops running (SIGSTOP) while its kernel goes on answering; then it continues',
  needs: ['signals'],
  lastsMs: 6000,
  async strike({ struck, other, truth, workload }) {
    const freezing = workload(struck).freeze()
    truth(other, 'frozen')
    return {
      ...(await freezing),
      async undo() {
        truth(other, 'answering')
        return workload(struck).resume()
      },
    }
  },
}
