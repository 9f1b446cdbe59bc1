/**
 * A ladder as one SVG file that needs nothing else: for `timeline.svg`, the report and the live page.
 *
 * Looks are given by attributes, without a style sheet or a script, so that it works as a file, on paper and
 * under the page's content security policy. Every text goes through {@link escapedXml}: host names and payloads
 * are whatever somebody sent.
 */
import { escapedXml } from '../foreign/printable.ts'
import type { Ladder } from './ladder.ts'
import { narrativeOf } from './narrative.ts'
import { TEXT } from './svg/bricks.ts'
import {
  beliefShape,
  disagreementShape,
  kernelMarks,
  kernelShape,
  timerShape,
  truthShape,
} from './svg/columns.ts'
import { legendOf } from './svg/legend.ts'
import { head, laneLine, patterns, tickLine, titleOf } from './svg/paper.ts'
import {
  arrowLabel,
  arrowShape,
  breakShape,
  faultBanners,
  faultLines,
  faultShape,
  groupShape,
} from './svg/wire.ts'
import { INK, PAPER } from './svg-style.ts'

export function toSvg(ladder: Ladder): string {
  const legend = legendOf(ladder)
  const width = Math.ceil(ladder.width)
  const height = Math.ceil(ladder.height + legend.height)
  const ids = idPrefix(ladder)
  const parts = [
    `<title id="${ids}-title">${escapedXml(`${titleOf(ladder)}: what each end believed, and what was true`)}</title>`,
    `<desc id="${ids}-desc">${escapedXml(narrativeOf(ladder))}</desc>`,
    patterns(ids),
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>`,
    ...head(ladder),
    ...ladder.ticks.map((tick) => tickLine(ladder, tick)),
    ...ladder.faults.map((fault) => faultShape(ladder, fault, ids)),
    ...ladder.faults.map((fault) => faultLines(ladder, fault)),
    ...ladder.lanes.map((lane) => laneLine(ladder, lane)),
    ...ladder.truths.map((band) => truthShape(ladder, band, ids)),
    ...ladder.beliefs.map((band) => beliefShape(ladder, band, ids)),
    ...ladder.kernels.map((band) => kernelShape(ladder, band, ids)),
    ...kernelMarks(ladder),
    ...ladder.disagreements.map((one) => disagreementShape(ladder, one, ids)),
    ...ladder.breaks.map((gap) => breakShape(ladder, gap)),
    ...ladder.arrows.map((arrow) => arrowShape(ladder, arrow)),
    ...ladder.arrows.map((arrow) => arrowLabel(arrow)),
    ...ladder.groups.map((group) => groupShape(ladder, group)),
    ...ladder.faults.map((fault) => faultBanners(ladder, fault)),
    ...ladder.timers.map((timer) => timerShape(ladder, timer)),
    legend.svg,
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    // `graphics-document` and not `img`: what is inside has names of its own, and is to be reached.
    ` role="graphics-document document" aria-labelledby="${ids}-title ${ids}-desc"`,
    ` font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="${TEXT}" fill="${INK}">`,
    ...parts.map((part) => `\n${part}`),
    '\n</svg>\n',
  ].join('')
}

/** Several of these may stand in one page, and ids are the page's. */
function idPrefix({ pair, connection, from }: Ladder): string {
  return `ladder-${`${pair}-${connection}-${Math.round(from)}`.replace(/[^\w-]/g, '-')}`
}
