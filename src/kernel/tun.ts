/**
 * A TUN device: a network interface whose cable is this process. What the kernel sends through it is read here, and
 * what is written here the kernel has received (Documentation/networking/tuntap.rst). Linux only.
 */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { systemCalls } from './capture/system-calls.ts'

export interface Tun {
  /** Gives the kernel a packet. False where it did not take it: the interface is down. */
  write(packet: Buffer): boolean
  /** The interface and all its addresses and routes are gone when this resolves. */
  close(): Promise<void>
}

const DEVICE_FILE = '/dev/net/tun'
/** linux/if_tun.h, linux/if.h */
const TUNSETIFF = 0x4004_54ca
const IFF_TUN = 0x0001
/** No four bytes before each packet: its first byte says whether it is IPv4 or IPv6. */
const IFF_NO_PI = 0x1000
const IFNAMSIZ = 16
const IFREQ_BYTES = 40

/** The kernel's own largest: a packet that is longer than what it is read into is cut. */
const PACKET_BYTES_MAX = 65_535
/** Packets that are read before anything else has its turn. */
const BUDGET = 64

/** Why nobody here can make one; null: {@link openTun} may be tried. */
export function tunProblem(): string | null {
  if (!existsSync(DEVICE_FILE)) {
    return `there is no ${DEVICE_FILE} here; as root: modprobe tun (a container is given it by --device ${DEVICE_FILE})`
  }
  try {
    accessSync(DEVICE_FILE, constants.R_OK | constants.W_OK)
    return null
  } catch {
    return `${DEVICE_FILE} is root's alone here; as root: chmod 666 ${DEVICE_FILE}, which udev does elsewhere`
  }
}

/**
 * Makes one, down and without an address. `take` gets each packet, in memory that is used again after it returns.
 * @throws Error where this process may not: /dev/net/tun is not to be opened, or the network namespace is not its own
 */
export function openTun(name: string, take: (packet: Buffer) => void): Tun {
  if (Buffer.byteLength(name) >= IFNAMSIZ) throw new Error(`"${name}" is too long for an interface`)
  const system = systemCalls()
  const fd = openSync(DEVICE_FILE, constants.O_RDWR | constants.O_NONBLOCK)
  const request = Buffer.alloc(IFREQ_BYTES)
  request.write(name)
  request.writeUInt16LE(IFF_TUN | IFF_NO_PI, IFNAMSIZ)
  try {
    system.ioctl(fd, TUNSETIFF, request)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  const wake = system.eventfd()
  const packet = Buffer.alloc(PACKET_BYTES_MAX)
  let isOpen = true

  function readSome(): void {
    for (let read = 0; read < BUDGET && isOpen; read += 1) {
      let bytes: number
      try {
        bytes = readSync(fd, packet)
      } catch (error) {
        // Nothing more for now; or the interface is down, which whoever set it up may change again.
        if (['EAGAIN', 'EBADFD', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return
        throw error
      }
      take(packet.subarray(0, bytes))
    }
  }

  const reading = (async () => {
    while (isOpen) if (await system.whenReadable([fd, wake], null)) readSome()
    closeSync(fd)
    closeSync(wake)
  })()
  return {
    write(bytes) {
      try {
        return writeSync(fd, bytes) === bytes.length
      } catch {
        return false
      }
    },
    async close() {
      isOpen = false
      // A number of eight bytes that is not zero: the wait in the other thread ends.
      writeSync(wake, Buffer.from(BigUint64Array.of(1n).buffer))
      await reading
    },
  }
}
