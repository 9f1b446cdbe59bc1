export function findingsText(): string {
  return ''
}
