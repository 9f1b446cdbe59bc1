/**
 * What travels: forth a numbered datagram (`datagram 3 of 20`, see ../datagrams/message.ts), back the number of
 * one that the receiver's program has: `ack 3`, and a newline.
 */
import { DATAGRAMS_MAX } from '../datagrams/message.ts'

export function formatAcknowledgement(number: number): Buffer {
  return Buffer.from(`ack ${number}\n`, 'latin1')
}

/** Null for anything else: anybody may send anything. */
export function parseAcknowledgement(datagram: Buffer): number | null {
  const number = Number(/^ack (\d{1,6})\n$/.exec(datagram.toString('latin1', 0, 40))?.[1])
  return number >= 1 && number <= DATAGRAMS_MAX ? number : null
}
