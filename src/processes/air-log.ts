/** What is on the air around an access point: a file for Wireshark, and a line of the log for each frame. */
import { openSync, writeSync } from 'node:fs'
import type { Emitter } from '../events/emit.ts'
import { enhancedPacket, interfaceDescription, linkType, sectionHeader } from '../view/pcapng/blocks.ts'
import { airAddresses, type OnAir } from '../wire/access-point.ts'
import { macAt } from '../wire/packet.ts'

export class AirLog {
  readonly #name: string
  readonly #emit: Emitter
  readonly #descriptor: number
  #frames = 0

  /** @param folder of the run: the file is `<name>-air.pcapng` in it */
  constructor(folder: string, name: string, emit: Emitter) {
    this.#name = name
    this.#emit = emit
    this.#descriptor = openSync(`${folder}/${name}-air.pcapng`, 'wx')
    const about = {
      name: `${name}-air`,
      description: `the air around the access point of ${name}`,
      bytesKept: 0,
    }
    const head = [sectionHeader(), interfaceDescription({ ...about, linkType: linkType.ieee80211 })]
    writeSync(this.#descriptor, Buffer.concat(head))
  }

  /** @param inRange stations */
  tell(passed: readonly OnAir<string>[], inRange: readonly string[]): void {
    for (const { by, bytes, keptBy } of passed) {
      const wallUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
      const wallNs = BigInt(wallUs) * 1000n
      writeSync(this.#descriptor, enhancedPacket({ interfaceId: 0, wallNs, bytes, wireBytes: bytes.length }))
      this.#frames += 1
      const read = airAddresses(bytes)
      if (read === null) continue
      const { kind, receiver, data } = read
      this.#emit('air:frame_passed', {
        air: this.#name,
        frame: this.#frames,
        by,
        kind,
        receiver: spelled(receiver),
        ...(data === null
          ? {}
          : {
              transmitter: spelled(data.transmitter),
              source: spelled(data.source),
              destination: spelled(data.destination),
            }),
        heardBy: inRange.filter((one) => one !== by),
        keptBy: [...keptBy],
        bytes: bytes.length,
      })
    }
  }
}

function spelled(address: string): string {
  return macAt(Buffer.from(address, 'hex'), 0)
}
