/** What runs in a page of one table: a press on a column's name sorts the rows by it, and again the other way round. */
/// <reference lib="dom" />

/** Numbers before words, and what has neither last, whichever way round. */
function compared(one: string, other: string, direction: number): number {
  if (one === '' || other === '') return Number(one === '') - Number(other === '')
  const [a, b] = [Number(one), Number(other)]
  if (Number.isNaN(a) || Number.isNaN(b)) return direction * one.localeCompare(other, 'en', { numeric: true })
  return direction * (a - b)
}

for (const heading of document.querySelectorAll<HTMLTableCellElement>('thead th')) {
  heading.querySelector('button')?.addEventListener('click', () => {
    const isAscending = heading.getAttribute('aria-sort') === 'ascending'
    for (const other of document.querySelectorAll('thead th')) other.removeAttribute('aria-sort')
    heading.setAttribute('aria-sort', isAscending ? 'descending' : 'ascending')
    const keyOf = (row: HTMLTableRowElement) => row.cells[heading.cellIndex]?.dataset.sort ?? ''
    const body = document.querySelector('tbody')
    const rows = [...(body?.rows ?? [])]
    rows.sort((one, other) => compared(keyOf(one), keyOf(other), isAscending ? -1 : 1))
    body?.append(...rows)
  })
}
