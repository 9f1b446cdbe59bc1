/** What a program printed is data: shown, it must not move a cursor, change a colour or hide what follows. */
const CHARACTERS_MAX = 160

/** The same line with control characters (and those that turn the direction of writing) escaped, cut short. */
export function printable(text: string): string {
  const escaped = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
  return escaped.length > CHARACTERS_MAX ? `${escaped.slice(0, CHARACTERS_MAX)}...` : escaped
}
