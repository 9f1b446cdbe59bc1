/** What a kernel's socket table said of one connection at a moment, in words. */
import type { LabLog } from './log.ts'

export function kernelWords(log: LabLog, host: string, mechanism: string, time: number): string {
  const entry = log.last('kernel:socket_updated', { host, mechanism, to: time })
  if (entry === undefined)
    return log.first('kernel:sampling_started') === undefined ? 'not readable here' : 'no entry'
  const socket = entry.data.new
  if (socket === null) return 'no entry any more'
  const details = [
    socket.state,
    socket.timer === 'none' ? 'no timer' : `${socket.timer} timer`,
    ...(socket.unansweredProbes > 0 ? [`${socket.unansweredProbes} unanswered probes`] : []),
    ...(socket.retransmits > 0 ? [`${socket.retransmits} retransmissions`] : []),
  ]
  return details.join(', ')
}
