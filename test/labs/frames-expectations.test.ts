import { expect, test } from 'vitest'
import {
  eachLayer,
  headersBytes,
  leftBytes,
  piecesOf,
  tcpHeaderBytes,
} from '../../labs/frames/expectations.ts'

test.each([
  // MTU, tcp_timestamps, what is left
  [1500, 1, 1448],
  [1500, 0, 1460],
  [1500, 2, 1448],
  [576, 1, 524],
  [68, 1, 16],
])('of an MTU of %d, with tcp_timestamps = %d, %d bytes are left', (mtu, timestamps, left) => {
  expect(leftBytes(mtu, timestamps)).toBe(left)
})

test('each layer has less than the one below it', () => {
  expect(eachLayer(1500, 1)).toEqual([1500, 1480, 1448])
  expect(eachLayer(296, 0)).toEqual([296, 276, 256])
})

test('three headers before the first byte', () => {
  expect([tcpHeaderBytes(1), tcpHeaderBytes(0)]).toEqual([32, 20])
  expect([headersBytes(1), headersBytes(0)]).toEqual([66, 54])
})

test.each([
  [972, 1000, 1],
  [973, 1000, 2],
  [1400, 1000, 2],
  [2000, 1000, 3],
  [1472, 1500, 1],
  [1473, 1500, 2],
])('%d bytes at an MTU of %d are %d packets', (bytes, mtu, packets) => {
  expect(piecesOf(bytes, mtu)).toBe(packets)
})
