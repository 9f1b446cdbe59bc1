/** What the words mean, for the report and the live page; closed until somebody asks. */
import { GLOSSARY } from '../glossary.ts'
import { element, type Markup } from './markup.ts'

export function glossarySection(): Markup {
  return element(
    'details',
    { id: 'words', class: 'card' },
    element('summary', {}, element('h2', { class: 'plain' }, 'What the words mean')),
    element(
      'dl',
      { class: 'glossary' },
      ...GLOSSARY.flatMap(({ word, meaning }) => [element('dt', {}, word), element('dd', {}, meaning)]),
    ),
  )
}
