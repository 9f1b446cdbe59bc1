/** A line for each figure, and below it whether it is as was aimed at. */
export function say(what: string, figure: string, isReached?: boolean, aim = ''): void {
  const verdict =
    isReached === undefined ? '' : `\n${''.padEnd(27)}${isReached ? 'as aimed at' : 'MISSED'}: ${aim}`
  process.stdout.write(`${what.padEnd(26)} ${figure}${verdict}\n`)
}

export function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(2)} ms`
}
