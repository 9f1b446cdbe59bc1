import { expect, test } from 'vitest'
import { crowdEvents } from '../../src/events/vocabulary/crowd.ts'
import { kernelEvents } from '../../src/events/vocabulary/kernel.ts'
import { containerEvents, labEvents, recorderEvents } from '../../src/events/vocabulary/lab.ts'
import { mediaEvents } from '../../src/events/vocabulary/media.ts'
import { programEvents } from '../../src/events/vocabulary/programs.ts'
import { sipEvents } from '../../src/events/vocabulary/sip.ts'
import { vpnEvents } from '../../src/events/vocabulary/vpn.ts'
import { wireEvents } from '../../src/events/vocabulary/wire.ts'
import { vocabulary } from '../../src/events/vocabulary.ts'

test('an event has one source: no name stands in two files', () => {
  const sources = [
    programEvents,
    vpnEvents,
    mediaEvents,
    sipEvents,
    crowdEvents,
    kernelEvents,
    wireEvents,
    labEvents,
    containerEvents,
    recorderEvents,
  ]
  expect(sources.flatMap((source) => Object.keys(source)).sort()).toEqual(Object.keys(vocabulary).sort())
})
