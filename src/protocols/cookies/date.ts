/**
 * Dates as cookies have them (RFC 6265bis section 5.1.1). What surprises: order, names of weekdays and time zones
 * count for nothing. The first thing that looks like a time is the time, and so on; it is always UTC.
 */

/** All that may stand between the parts of a date: not only blanks, and not the colon. */
const DELIMITERS = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/

/** After its digits a part may go on with anything that is no further digit. */
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/
const DAY_OF_MONTH = /^(\d{1,2})(?!\d)/
const YEAR = /^(\d{2,4})(?!\d)/
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const YEAR_MIN = 1601

/** Milliseconds since 1970, or null: it is no date, or one that no calendar has. */
export function parseCookieDate(text: string): number | null {
  let time: number[] | undefined
  let day: number | undefined
  let month: number | undefined
  let year: number | undefined
  for (const token of text.split(DELIMITERS)) {
    const asTime = time === undefined ? TIME.exec(token) : null
    if (asTime !== null) {
      time = asTime.slice(1).map(Number)
      continue
    }
    const asDay = day === undefined ? DAY_OF_MONTH.exec(token) : null
    if (asDay !== null) {
      day = Number(asDay[1])
      continue
    }
    const asMonth = month === undefined ? MONTHS.indexOf(token.slice(0, 3).toLowerCase()) : -1
    if (asMonth >= 0) {
      month = asMonth
      continue
    }
    const asYear = year === undefined ? YEAR.exec(token) : null
    if (asYear !== null) year = Number(asYear[1])
  }

  if (time === undefined || day === undefined || month === undefined || year === undefined) return null
  if (year >= 70 && year <= 99) year += 1900
  else if (year <= 69) year += 2000
  const [hour = 0, minute = 0, second = 0] = time
  if (year < YEAR_MIN || hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(Date.UTC(year, month, day, hour, minute, second))
  // 31 February would be a day in March.
  return date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() : null
}
