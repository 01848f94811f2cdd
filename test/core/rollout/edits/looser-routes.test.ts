/** Routes that protect visitors of a rollout less than before ask, as a weaker guard does. */
import { expect, it } from 'vitest'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import { INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { questionsOf } from '../../../../src/core/rollout/edits/questions.ts'

function sideOf(parts: object) {
  const origins = { on: 'new', off: 'old' }
  const rules = [{ serve: 'on', stages: [{ percentage: 1 }, { percentage: 100 }] }]
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    // The order of routes that match no common request says nothing.
    routes: [
      { path: '/b', flag: 'f', origins, rescue: false },
      { path: '/a', flag: 'f', origins, ...parts },
    ],
    flags: { f: { variants: { on: true, off: false }, off: 'off', rules, guard: { errors: {} } } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { document: parsed.value, snapshot: compileSnapshot(parsed.value), state: INITIAL_CONTROL_STATE }
}

const LOST = 'no longer rescued where the canary fails'

it.each<[object, object, string[]]>([
  [{}, { rescue: false }, [`GET, HEAD, OPTIONS ${LOST}`]],
  [{}, { rescue: [] }, [`GET, HEAD, OPTIONS ${LOST}`]],
  [{}, { rescue: ['GET', 'POST'] }, [`HEAD, OPTIONS ${LOST}`, 'POST sent twice where the canary fails']],
  [{ rescue: ['GET'] }, { rescue: ['get', 'put'] }, ['PUT sent twice where the canary fails']],
  [{ rescue: ['GET'] }, { rescue: ['get', 'head'] }, []],
  [{ rescue: ['GET', 'POST'] }, { rescue: ['GET'] }, [`POST ${LOST}`]],
  [{ rescue: false }, {}, []],
  [{}, { rescue: ['OPTIONS', 'GET', 'HEAD'] }, []],
  [{}, { severable: false }, ['a kill can no longer close its WebSockets']],
  [{ severable: false }, {}, []],
  [{ severable: false }, { severable: false }, []],
])('%j → %j', (was, is, texts) => {
  const asked = questionsOf(sideOf(was), sideOf(is))
  expect(asked.map(({ kind }) => kind)).toEqual(texts.map(() => 'guard'))
  expect(asked.map(({ text }) => text)).toEqual(texts.map((text) => `f: route /a: ${text}`))
})
