/** The viewer by itself, for a test page that plays the part of a live one. */
import { mountViewer } from '../../src/view/viewer/viewer.ts'

Object.assign(globalThis, { mountViewer })
