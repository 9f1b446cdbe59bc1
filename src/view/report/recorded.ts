/**
 * Cells of a run that ships with the project, for those that a machine had to skip: a learner without
 * network namespaces still sees what a cut cable does, and sees that it was not seen here.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { parseForeignJson } from '../../foreign/json.ts'
import { readRegular } from '../../foreign/regular-file.ts'
import { LabLog } from '../../lab/log.ts'
import type { Report } from '../../lab/report.ts'
import type { Plan } from '../../plan/plan.ts'
import { projectFile } from '../../project/files.ts'
import { Cells } from '../viewer/cells.ts'
import { RECORDED_SCHEMA, type RecordedCells } from '../viewer/run.ts'
import { pack, unpack } from './pack.ts'

/** The largest has 100 kB. */
const FILE_BYTES_MAX = 4_000_000

/** Unpacked: of a hundred bytes gzip can make a hundred thousand. */
const RUN_BYTES_MAX = 256_000_000

/** Takes from a run what may be shown elsewhere: no events, no paths, no names of machines. */
export function recordedCellsOf(plan: Plan, log: LabLog, report: Report): RecordedCells {
  const cells = new Cells(plan, null)
  for (const event of log.events) cells.note(event)
  cells.setChecks(report.checks)
  const { os, kernel } = report.environment
  return {
    schema: RECORDED_SCHEMA,
    lab: plan.lab,
    strike: plan.strike,
    pace: plan.pace,
    tier: plan.tier,
    // Without the suffix, which can be the name of whoever built the kernel.
    system: `${os} ${/^[\d.]+/.exec(String(kernel))?.[0].replace(/\.$/, '') ?? ''}`.trim(),
    recorded: report.startedAt.slice(0, 'YYYY-MM-DD'.length),
    cells: Object.fromEntries(
      cells.all().flatMap(({ id, text, verdict, checks }) => {
        if (verdict === null) return []
        const without = checks.map(({ id, claim, formula, expected, observed, verdict, because, source }) => {
          return { id, claim, formula, expected, observed, verdict, because, source }
        })
        return [[id, { text, verdict, checks: without }]]
      }),
    ),
  }
}

/** A cell a line: small, and a new recording is a readable difference. */
export function recordedCellsText({ cells, ...head }: RecordedCells): string {
  const lines = Object.entries(cells).map(
    ([id, cell]) => `    ${JSON.stringify(id)}: ${JSON.stringify(cell)}`,
  )
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "cells": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** Where the recorded cells of a lab are. */
export function recordedCellsFile(lab: string): string {
  return projectFile(`labs/${lab}/recorded/cells.json`)
}

/** undefined: this lab has none. @throws Error when the file is there and is something else */
export function readRecordedCells(lab: string): RecordedCells | undefined {
  const file = recordedCellsFile(lab)
  if (!existsSync(file)) return undefined
  const cells = parseForeignJson(readRegular(file, FILE_BYTES_MAX)) as RecordedCells
  if (cells.schema !== RECORDED_SCHEMA) throw new Error(`${file}: expected the schema "${RECORDED_SCHEMA}"`)
  return cells
}

/** Where the recorded run of a lab is, whole: what it was judged by can be judged again, on any machine. */
export function recordedRunFile(lab: string): string {
  return projectFile(`labs/${lab}/recorded/run.gz`)
}

/** A run as small as it gets, without the paths and names of the machine that made it. */
export function packedRun(plan: Plan, log: LabLog): Buffer {
  const kernel = /^[\d.]+/.exec(String(plan.environment.kernel))?.[0] ?? ''
  const about: Plan = {
    ...plan,
    folder: '',
    programsBundle: '',
    captureBundle: '',
    cableBundle: '',
    switchBundle: '',
    officeBundle: '',
    bankBundle: '',
    environment: { ...plan.environment, kernel },
  }
  // What the lab ran to build its hosts names files of that machine, and nothing is judged by it.
  const text = pack(
    about,
    log.events.filter(({ name }) => name !== 'command:run'),
  )
  const withoutPaths = text.replaceAll(plan.folder, 'run').replaceAll(dirname(plan.bankBundle), 'bundles')
  return gzipSync(withoutPaths, { level: 9 })
}

/** @throws Error when the file is something else */
export function unpackRun(packed: Buffer): { plan: Plan; log: LabLog } {
  const { about, events } = unpack<Plan>(
    gunzipSync(packed, { maxOutputLength: RUN_BYTES_MAX }).toString('utf8'),
  )
  return { plan: about, log: new LabLog(events) }
}
