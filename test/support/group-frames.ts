/** Frames with a number each, for who sends them through a switch and looks where they come out. */

/** All of a frame but its addresses. @param number of four bytes, of which IPv4 bears two */
export type Body = (number: Buffer) => Buffer

/** What a frame ends with; of IPv4 its identification, so that what is in it may be what it has to be. */
export function numberIn(frame: Buffer): number {
  return frame.readUInt16BE(12) === 0x0800 ? frame.readUInt16BE(18) : frame.readUInt32BE(frame.length - 4)
}

/** IEEE 802: for experiments. No kernel has anything to say to it. */
export function experimental(number: Buffer): Buffer {
  return Buffer.concat([Buffer.from('88b5', 'hex'), number])
}

/** 239.1.1.1 and so on; frames for them go to 01:00:5e:01:01:01 (RFC 1112 section 6.4). */
export const GROUPS = ['ef010101', 'ef010102', 'ef010103'] as const
export const macOfGroup = (group: string) => `01005e${group.slice(2)}`
export const ALL_HOSTS = 'e0000001'
export const ALL_ROUTERS = 'e0000002'

/** UDP for a group. */
export const toGroup =
  (group: string): Body =>
  (number) =>
    ipv4(number, 17, group, Buffer.from('9c409c4000080000', 'hex'))

/** IGMPv2 (RFC 2236 section 2). */
const igmp =
  (type: string, code: string, group: string, to: string, source?: string): Body =>
  (number) =>
    ipv4(number, 2, to, withChecksum(Buffer.from(`${type}${code}0000${group}`, 'hex'), 2), source)
export const joins = (group: string) => igmp('16', '00', group, group)
export const leaves = (group: string) => igmp('17', '00', group, ALL_ROUTERS)
/** Who is in any group? To be answered within 100 ms. @param source the querier */
export const asks = (source: string) => igmp('11', '01', '00000000', ALL_HOSTS, source)
export const asksFor = (group: string, source: string) => igmp('11', '01', group, group, source)
/** IGMPv3 (RFC 3376 section 4.2): from now on everything of a group, to 224.0.0.22. */
export const joins3 =
  (group: string): Body =>
  (number) =>
    ipv4(number, 2, 'e0000016', withChecksum(Buffer.from(`220000000000000104000000${group}`, 'hex'), 2))

/** The bridge throws away what has no right header. Its options: router alert (RFC 2113). */
function ipv4(number: Buffer, protocol: number, to: string, inside: Buffer, source = '00000000'): Buffer {
  const header = Buffer.from(`46c00000000040000100000000000000${to}94040000`, 'hex')
  header.write(source, 12, 'hex')
  header.writeUInt16BE(header.length + inside.length, 2)
  number.copy(header, 4, 2)
  header.writeUInt8(protocol, 9)
  return Buffer.concat([Buffer.from('0800', 'hex'), withChecksum(header, 10), inside])
}

/** RFC 1071. */
function withChecksum(bytes: Buffer, at: number): Buffer {
  let sum = 0
  for (let word = 0; word < bytes.length; word += 2) sum += bytes.readUInt16BE(word)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  bytes.writeUInt16BE(0xffff - sum, at)
  return bytes
}
