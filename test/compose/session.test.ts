import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimName, eventFolder, joinSession, openEvents, openSession } from '../../src/compose/session.ts'
import { temporaryFolder } from '../support/cli.ts'

test('the recorder that is started again finds the session as it was', async () => {
  const folder = temporaryFolder()
  const first = openSession(folder)
  expect(openSession(folder)).toEqual(first)
  expect(await joinSession(folder)).toEqual(first)
})

test('everybody may write there, whoever they are', () => {
  const folder = temporaryFolder()
  openSession(folder)
  expect(statSync(eventFolder(folder)).mode & 0o7777).toBe(0o1777)
})

test('a container that is restarted keeps its name, and a new one takes the next', () => {
  const folder = temporaryFolder()
  openSession(folder)
  expect(claimName(folder, 'client', 'aaaa')).toBe('client-1')
  expect(claimName(folder, 'client', 'bbbb')).toBe('client-2')
  expect(claimName(folder, 'client', 'aaaa')).toBe('client-1')
})

test('each process of a host has an event file of its own', () => {
  const folder = temporaryFolder()
  const session = openSession(folder)
  openEvents(folder, session, 'server').log.emitter('host')('program:running', {})
  const second = openEvents(folder, session, 'server')
  expect(second.incarnation).toBe(2)
  expect(readdirSync(eventFolder(folder)).sort()).toEqual(['server.1.ndjson', 'server.2.ndjson'])
  expect(existsSync(join(eventFolder(folder), 'server.1.ndjson'))).toBe(true)
})
