/** Frames that leave many at a time, with a kernel that is made up: it takes as many as it likes. */
import { endianness } from 'node:os'
import { describe, expect, test } from 'vitest'
import { OUTBOX_FRAMES, Outbox } from '../../src/kernel/capture/outbox.ts'
import type { SystemCalls } from '../../src/kernel/capture/system-calls.ts'

const AT = 0x7000_0000_0000n
const FD = 7
const littleEndian = endianness() === 'LE'

/** @param refused numbers of frames that it does not take, counted from 0 */
function kernel(refused: readonly number[] = []) {
  const taken: string[] = []
  const calls: number[] = []
  let memory = new ArrayBuffer(0)
  let asked = 0
  const system: Partial<SystemCalls> = {
    allocate(bytes) {
      memory = new ArrayBuffer(bytes)
      return { at: AT, memory, unmap() {} }
    },
    sendMany(fd, messages, count) {
      expect(fd).toBe(FD)
      calls.push(count)
      const view = new DataView(memory)
      const pointer = (at: number) => Number(view.getBigUint64(at, littleEndian) - AT)
      for (let index = 0; index < count; index++) {
        if (refused.includes(asked)) {
          if (index > 0) return index
          asked += 1
          return -1
        }
        asked += 1
        // struct msghdr: its iovec, and how many there are.
        const message = Number(messages - AT) + index * 64
        const vector = pointer(message + 16)
        expect(view.getBigUint64(message + 24, littleEndian)).toBe(1n)
        const [start, length] = [pointer(vector), Number(view.getBigUint64(vector + 8, littleEndian))]
        taken.push(Buffer.from(memory, start, length).toString())
      }
      return count
    },
  }
  return { outbox: new Outbox(system as SystemCalls, FD), taken, calls }
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `frame ${index}`)
const fill = (outbox: Outbox, count: number) => {
  for (const name of names(count)) outbox.add(Buffer.from(name))
}

describe('an outbox', () => {
  test('hands over in order what was added, by one call, and each only once', () => {
    const { outbox, taken, calls } = kernel()
    fill(outbox, 5)
    expect(taken).toEqual([])
    outbox.flush()
    outbox.flush()
    expect([taken, calls]).toEqual([names(5), [5]])
    outbox.add(Buffer.from('x'))
    outbox.flush()
    expect(taken.at(-1)).toBe('x')
  })

  test('sends by itself when it is full', () => {
    const { outbox, taken, calls } = kernel()
    fill(outbox, OUTBOX_FRAMES + 1)
    expect(calls).toEqual([OUTBOX_FRAMES])
    outbox.flush()
    expect(taken).toEqual(names(OUTBOX_FRAMES + 1))
  })

  test('what the kernel does not take is gone, and nothing else', () => {
    const { outbox, taken } = kernel([0, 3, 4, 7])
    fill(outbox, 8)
    outbox.flush()
    expect(taken).toEqual(names(8).filter((_, index) => ![0, 3, 4, 7].includes(index)))
  })

  test('a frame longer than any that can come in is none of its own', () => {
    expect(() => kernel().outbox.add(Buffer.alloc(2049))).toThrow(RangeError)
  })
})
