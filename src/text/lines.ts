/** Text in lines of whole words; a word that is longer than a line keeps one of its own. */
export function inLines(
  text: string,
  widthMax: number,
  widthOf: (line: string) => number = (line) => line.length,
): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart()
    if (widthOf(line) <= widthMax) lines[lines.length - 1] = line
    else lines.push(word)
  }
  return lines
}
