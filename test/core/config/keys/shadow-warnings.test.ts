import { expect, it } from 'vitest'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { shadowWarnings } from '../../../../src/core/config/parse/shadow-warnings.ts'

function about(shadow: unknown): string[] {
  const parsed = parseDocumentValue({
    origins: { app: { url: 'https://app.example.com' } },
    routes: [
      { path: '/shop/*', origin: 'app', ...(shadow !== undefined && { shadow }) },
      { path: '/*', origin: 'app' },
    ],
    flags: {},
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return shadowWarnings(parsed.value).map(({ place, text }) => `${place}: ${text}`)
}

it.each([
  ['nothing said', undefined, []],
  ['no copies', false, []],
  ['what is safe', { methods: ['GET', 'HEAD', 'OPTIONS'] }, []],
  ['writes', { methods: ['GET', 'POST'] }, ['route "/shop/*": copies POST requests']],
  ['credentials', { credentials: true }, ['route "/shop/*": copies carry cookies and Authorization']],
  [
    'both',
    { methods: ['POST'], credentials: true },
    ['route "/shop/*": copies POST requests', 'route "/shop/*": copies carry cookies and Authorization'],
  ],
])('of a route with %s', (_, shadow, warnings) => {
  const said = about(shadow)
  expect(said).toHaveLength(warnings.length)
  for (const [index, text] of warnings.entries()) expect(said[index]).toContain(text)
})
