import type { Fault } from './fault.ts'

export const exit: Fault = {
  id: 'exit',
  promise: 'the programs of the host close their sockets properly and end',
  needs: [],
  async strike({ struck, other, truth, workload }) {
    // Before the act: the first FIN leaves while the program is still closing the rest.
    truth(other, 'gone')
    return workload(struck).exit()
  },
}
