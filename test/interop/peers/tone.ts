/** Which tone a telephone has recorded, found by Goertzel's algorithm: a filter that lets one frequency through. */
import { readFileSync } from 'node:fs'

/** A recording: what it holds of one channel, from -1 to 1. */
export interface Sound {
  rate: number
  samples: Float64Array
}

/** The part of a recording's power that is at one frequency: 1 of a pure tone, and about 0 of any other. */
function shareOf(hertz: number, { rate, samples }: Sound): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate)
  let [before, last, power] = [0, 0, 0]
  for (const sample of samples) {
    ;[before, last] = [last, sample + turn * last - before]
    power += sample * sample
  }
  const found = before * before + last * last - turn * before * last
  return power === 0 ? 0 : (2 * found) / (power * samples.length)
}

/** The same of each tenth of a second, without the half second at its beginning and at its end. */
export function tenthsOf({ rate, samples }: Sound, hertz: number): number[] {
  const step = rate / 10
  const shares: number[] = []
  for (let at = 5 * step; at + 6 * step <= samples.length; at += step) {
    shares.push(shareOf(hertz, { rate, samples: samples.subarray(at, at + step) }))
  }
  return shares
}

/** The first channel of a WAV file of 16-bit samples. @throws Error when it is no such file */
export function readWav(file: string): Sound {
  const bytes = readFileSync(file)
  if (bytes.toString('latin1', 0, 4) !== 'RIFF') throw new Error(`${file} is no WAV file`)
  let [channels, rate] = [0, 0]
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [name, size] = [bytes.toString('latin1', at, at + 4), bytes.readUInt32LE(at + 4)]
    const body = bytes.subarray(at + 8, at + 8 + size)
    if (name === 'fmt ') {
      channels = body.readUInt16LE(2)
      rate = body.readUInt32LE(4)
      if (body.readUInt16LE(14) !== 16) throw new Error(`${file} has no samples of 16 bits`)
    }
    if (name === 'data') {
      const count = Math.floor(body.length / 2 / channels)
      const samples = Float64Array.from(
        { length: count },
        (_, n) => body.readInt16LE(2 * n * channels) / 32_768,
      )
      return { rate, samples }
    }
    at += 8 + size + (size % 2)
  }
  throw new Error(`${file} holds no sound`)
}
