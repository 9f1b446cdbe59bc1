import { type Fault, verify } from './fault.ts'

export const freeze: Fault = {
  id: 'freeze',
  promise: 'the process stops running (SIGSTOP) while its kernel goes on answering; then it continues',
  needs: ['signals'],
  lastsMs: 6000,
  async strike({ struck, other, truth, answers }) {
    const { process } = struck
    verify(process !== null, `${struck.name} has no process to freeze`)
    process.signal('SIGSTOP')
    truth(other, 'frozen')
    verify(!(await answers(other)), `${struck.name} still answers after SIGSTOP`)
    return {
      verifiedBy: 'a probe to the program is no longer answered',
      async undo() {
        truth(other, 'answering')
        process.signal('SIGCONT')
        verify(await answers(other), `${struck.name} does not answer after SIGCONT`)
        return { verifiedBy: 'a probe is answered again' }
      },
    }
  },
}
