/**
 * A UDP socket that hears what routers say about its datagrams: ip(7), IP_RECVERR. The kernel keeps each ICMP error
 * that comes back, with the address of who sent it, in the socket's error queue, which only recvmsg(2) reads. That
 * needs no rights, unlike a raw socket; but Node offers none of it.
 */
import { closeSync } from 'node:fs'
import { endianness } from 'node:os'
import { systemCalls } from './capture/system-calls.ts'
import { loadKoffi } from './libc.ts'

/** Numbers from Linux's socket.h, linux/in.h, linux/errqueue.h. */
const AF_INET = 2
const SOCK_DGRAM = 2
const IPPROTO_IP = 0
const IP_TTL = 2
const IP_RECVERR = 11
const MSG_DONTWAIT = 0x40
const MSG_ERRQUEUE = 0x2000
const SO_EE_ORIGIN_ICMP = 2

/** struct msghdr of a system with pointers of 64 bits. */
const header = { iov: 16, iovCount: 24, control: 32, controlBytes: 40, bytes: 56 } as const
/** struct iovec: where the quoted datagram goes, and how long it may be. */
const IOVEC_BYTES = 16
/** struct cmsghdr, then struct sock_extended_err, then struct sockaddr_in of who sent it. */
const control = {
  level: 8,
  type: 12,
  origin: 16 + 4,
  icmpType: 16 + 5,
  icmpCode: 16 + 6,
  address: 32 + 4,
} as const
const CONTROL_BYTES = 128
/** What of the quoted datagram is read: nobody asks for it. */
const QUOTED_BYTES = 64

/** What somebody on the way said about a datagram: RFC 792. */
export interface IcmpAnswer {
  from: string
  type: number
  code: number
}

export interface SocketName {
  host: string
  port: number
}

export interface IcmpSocket {
  /** Sends a datagram that may pass so many hosts. */
  send(datagram: Buffer, timeToLive: number): void
  /** The next thing that was said about one, or null. Does not wait. */
  answer(): IcmpAnswer | null
  close(): void
}

/**
 * Opens it between these two ends.
 * @throws Error with the name of the errno; where koffi has no binary for this machine; on a 32-bit system
 */
export function openIcmpSocket(from: SocketName, to: SocketName): IcmpSocket {
  const koffi = loadKoffi()
  if (koffi.sizeof('size_t') !== 8) throw new Error('the error queue is read on 64-bit systems only')
  const self = koffi.load(null)
  const connect = self.func('int connect(int fd, const void *address, uint32_t bytes)')
  const recvmsg = self.func('long recvmsg(int fd, void *message, int flags)')
  const system = systemCalls()

  // The message, the iovec, the control data and the quoted bytes, one behind the other where nobody moves them.
  const bytes = header.bytes + IOVEC_BYTES + CONTROL_BYTES + QUOTED_BYTES
  const block = koffi.alloc('uint8_t', bytes)
  const at = BigInt(koffi.address(block))
  const memory = Buffer.from(koffi.view(block, bytes))
  const view = new DataView(memory.buffer, memory.byteOffset)
  const [iovecAt, controlAt] = [header.bytes, header.bytes + IOVEC_BYTES]
  const quotedAt = controlAt + CONTROL_BYTES

  const fd = system.socket(AF_INET, SOCK_DGRAM, 0)
  try {
    system.setsockopt(fd, IPPROTO_IP, IP_RECVERR, word(1))
    system.bind(fd, nameBytes(from))
    // From then on only what is about datagrams to there is told.
    if (connect(fd, nameBytes(to), NAME_BYTES) !== 0) throw new Error('connect() failed')
  } catch (error) {
    closeSync(fd)
    koffi.free(block)
    throw error
  }

  return {
    send(datagram, timeToLive) {
      system.setsockopt(fd, IPPROTO_IP, IP_TTL, word(timeToLive))
      // An error that is still waiting makes the kernel refuse the first try, and is told by `answer` all the same.
      if (!system.send(fd, datagram)) system.send(fd, datagram)
    },
    answer() {
      for (;;) {
        memory.fill(0)
        view.setBigUint64(iovecAt, at + BigInt(quotedAt), LITTLE_ENDIAN)
        view.setBigUint64(iovecAt + 8, BigInt(QUOTED_BYTES), LITTLE_ENDIAN)
        view.setBigUint64(header.iov, at + BigInt(iovecAt), LITTLE_ENDIAN)
        view.setBigUint64(header.iovCount, 1n, LITTLE_ENDIAN)
        view.setBigUint64(header.control, at + BigInt(controlAt), LITTLE_ENDIAN)
        view.setBigUint64(header.controlBytes, BigInt(CONTROL_BYTES), LITTLE_ENDIAN)
        if (Number(recvmsg(fd, at, MSG_ERRQUEUE | MSG_DONTWAIT)) < 0) return null
        const answer = decodeAnswer(memory.subarray(controlAt, quotedAt))
        if (answer !== null) return answer
      }
    },
    close() {
      closeSync(fd)
      koffi.free(block)
    },
  }
}

/** The control data of an error queue's message; null for what is no ICMP message, but an error of this host's own. */
export function decodeAnswer(bytes: Buffer): IcmpAnswer | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isError =
    view.getInt32(control.level, LITTLE_ENDIAN) === IPPROTO_IP &&
    view.getInt32(control.type, LITTLE_ENDIAN) === IP_RECVERR
  if (!isError || view.getUint8(control.origin) !== SO_EE_ORIGIN_ICMP) return null
  return {
    from: [...bytes.subarray(control.address, control.address + 4)].join('.'),
    type: view.getUint8(control.icmpType),
    code: view.getUint8(control.icmpCode),
  }
}

const LITTLE_ENDIAN = endianness() === 'LE'
/** struct sockaddr_in. */
const NAME_BYTES = 16

function nameBytes({ host, port }: SocketName): Buffer {
  const bytes = Buffer.alloc(NAME_BYTES)
  bytes.set(new Uint8Array(Uint16Array.of(AF_INET).buffer), 0)
  bytes.writeUInt16BE(port, 2)
  bytes.set(host.split('.').map(Number), 4)
  return bytes
}

function word(value: number): Buffer {
  return Buffer.from(Int32Array.of(value).buffer)
}
