/**
 * Matching, precedence and hostname cases of the conformance tests of Kubernetes' Gateway API
 * (kubernetes-sigs/gateway-api, conformance/tests/httproute-*), written again as data: routes as they are applied there, and each
 * request with the back end that must answer; undefined where it must be 404.
 */

/** A method stands before the path; headers after it, as `name: value`, separated by `; `. */
export type Asked = readonly [request: string, backend: 1 | 2 | 3 | undefined]

export type Match = {
  exact?: string
  prefix?: string
  method?: string
  headers?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string>>
}

export type HttpRoute = {
  hostnames?: readonly string[]
  rules: readonly (readonly [backend: 1 | 2 | 3, ...matches: Match[]])[]
}

/** `listeners`: the hostnames of the gateway that the routes are attached to. */
export type Suite = {
  name: string
  listeners?: readonly string[]
  routes: readonly HttpRoute[]
  asked: readonly Asked[]
}

const version = (value: string) => ({ headers: { version: value } })
const color = (value: string) => ({ headers: { color: value } })
const animal = (value: string) => ({ query: { animal: value } })

const BY_PATH: readonly Suite[] = [
  {
    name: 'matching',
    routes: [
      {
        rules: [
          [1, { prefix: '/' }, version('one')],
          [2, { prefix: '/v2' }, version('two')],
        ],
      },
    ],
    asked: [
      ['/', 1],
      ['/example', 1],
      ['/ version: one', 1],
      ['/v2', 2],
      ['/v2/example', 2],
      ['/ version: two', 2],
      ['/v2/', 2],
      ['/v2example', 1],
      ['/foo/v2/example', 1],
    ],
  },
  {
    name: 'exact-path-matching',
    routes: [
      {
        rules: [
          [1, { exact: '/one' }],
          [2, { exact: '/two' }],
        ],
      },
    ],
    asked: [
      ['/one', 1],
      ['/two', 2],
      ['/', undefined],
      ['/one/example', undefined],
      ['/two/', undefined],
      ['/Two', undefined],
    ],
  },
  {
    name: 'path-match-order',
    routes: [
      {
        rules: [
          [1, { exact: '/match' }],
          [2, { exact: '/match/exact' }],
          [3, { exact: '/match/exact/one' }],
          [3, { prefix: '/match/' }],
          [1, { prefix: '/match/prefix/' }],
          [2, { prefix: '/match/prefix/one' }],
        ],
      },
    ],
    asked: [
      ['/match/exact/one', 3],
      ['/match/exact', 2],
      ['/match', 1],
      ['/match/prefix/one/any', 2],
      ['/match/prefix/any', 1],
      ['/match/any', 3],
    ],
  },
]

const BY_HEADER: readonly Suite[] = [
  {
    name: 'header-matching',
    routes: [
      {
        rules: [
          [1, version('one')],
          [2, version('two')],
          [1, { headers: { version: 'two', color: 'orange' } }],
          [1, color('blue'), color('green')],
          [2, color('red'), color('yellow')],
        ],
      },
    ],
    asked: [
      ['/ version: one', 1],
      ['/ version: two', 2],
      ['/ version: two; color: orange', 1],
      ['/ version: two; color: blue', 2],
      ['/ color: orange', undefined],
      ['/ some-other-header: one', undefined],
      ['/ color: blue', 1],
      ['/ color: green', 1],
      ['/ color: red', 2],
      ['/ color: yellow', 2],
      ['/ color: purple', undefined],
    ],
  },
  {
    name: 'method-matching',
    routes: [
      {
        rules: [
          [1, { method: 'POST' }],
          [2, { method: 'GET' }],
          [1, { prefix: '/path1', method: 'GET' }],
          [2, { ...version('one'), method: 'PUT' }],
          [3, { ...version('two'), prefix: '/path2', method: 'POST' }],
          [
            1,
            { prefix: '/path3', method: 'PATCH' },
            { ...version('three'), prefix: '/path4', method: 'DELETE' },
          ],
          [1, { prefix: '/path5' }],
          [2, { method: 'PATCH' }],
          [3, version('four')],
        ],
      },
    ],
    asked: [
      ['POST /', 1],
      ['GET /', 2],
      ['HEAD /', undefined],
      ['GET /path1', 1],
      ['PUT / version: one', 2],
      ['POST /path2 version: two', 3],
      ['PATCH /path3', 1],
      ['DELETE /path4 version: three', 1],
      ['PUT /', undefined],
      ['DELETE /path4', undefined],
      ['PATCH /path5', 1],
      ['PATCH / version: four', 2],
    ],
  },
  {
    name: 'query-param-matching',
    routes: [
      {
        rules: [
          [1, animal('whale')],
          [2, animal('dolphin')],
          [3, { query: { animal: 'dolphin', color: 'blue' } }, { query: { ANIMAL: 'Whale' } }],
          [1, { ...animal('whale'), prefix: '/path1' }],
          [2, { ...animal('whale'), ...version('one') }],
          [3, { ...animal('whale'), ...version('two'), prefix: '/path2' }],
          [
            1,
            { ...animal('shark'), prefix: '/path3' },
            { ...animal('kraken'), ...version('three'), prefix: '/path4' },
          ],
          [1, { prefix: '/path5' }],
          [2, animal('hydra')],
          [3, version('four')],
        ],
      },
    ],
    asked: [
      ['/?animal=whale', 1],
      ['/?animal=dolphin', 2],
      ['/?animal=dolphin&color=blue', 3],
      ['/?ANIMAL=Whale', 3],
      ['/?animal=whale&otherparam=irrelevant', 1],
      ['/?animal=dolphin&color=yellow', 2],
      ['/?color=blue', undefined],
      ['/?animal=dog', undefined],
      ['/?animal=whaledolphin', undefined],
      ['/', undefined],
      ['/path1?animal=whale', 1],
      ['/?animal=whale version: one', 2],
      ['/path2?animal=whale version: two', 3],
      ['/path3?animal=shark', 1],
      ['/path4?animal=kraken version: three', 1],
      ['/?animal=shark', undefined],
      ['/path4?animal=kraken', undefined],
      ['/path5?animal=hydra', 1],
      ['/?animal=hydra version: four', 3],
    ],
  },
]

const BY_HOST: readonly Suite[] = [
  {
    name: 'matching-across-routes',
    routes: [
      { hostnames: ['example.com', 'example.net'], rules: [[1, { prefix: '/' }, version('one')]] },
      { hostnames: ['example.com'], rules: [[2, { prefix: '/v2' }, version('two')]] },
    ],
    asked: [
      ['//example.com/', 1],
      ['//example.com/example', 1],
      ['//example.net/example', 1],
      ['//example.com/example version: one', 1],
      ['//example.com/v2', 2],
      ['//example.net/v2', 1],
      ['//example.com/v2/example', 2],
      ['//example.com/ version: two', 2],
    ],
  },
  {
    name: 'hostname-intersection',
    listeners: ['very.specific.com', '*.wildcard.io', '*.anotherwildcard.io'],
    routes: [
      {
        hostnames: ['non.matching.com', '*.nonmatchingwildcard.io', 'very.specific.com'],
        rules: [[1, { prefix: '/s1' }]],
      },
      {
        hostnames: [
          'non.matching.com',
          'wildcard.io',
          'foo.wildcard.io',
          'bar.wildcard.io',
          'foo.bar.wildcard.io',
        ],
        rules: [[2, { prefix: '/s2' }]],
      },
      { hostnames: ['non.matching.com', '*.specific.com'], rules: [[3, { prefix: '/s3' }]] },
      { hostnames: ['*.anotherwildcard.io'], rules: [[1, { prefix: '/s4' }]] },
      { hostnames: ['specific.but.wrong.com', 'wildcard.io'], rules: [[2, { prefix: '/s5' }]] },
    ],
    asked: [
      ['//very.specific.com/s1', 1],
      ['//very.specific.com:1234/s1', 1],
      ['//non.matching.com/s1', undefined],
      ['//foo.nonmatchingwildcard.io/s1', undefined],
      ['//foo.wildcard.io/s1', undefined],
      ['//very.specific.com/non-matching-prefix', undefined],
      ['//foo.wildcard.io/s2', 2],
      ['//bar.wildcard.io/s2', 2],
      ['//foo.bar.wildcard.io/s2', 2],
      ['//non.matching.com/s2', undefined],
      ['//wildcard.io/s2', undefined],
      ['//very.specific.com/s2', undefined],
      ['//foo.wildcard.io/non-matching-prefix', undefined],
      ['//very.specific.com/s3', 3],
      ['//non.matching.com/s3', undefined],
      ['//foo.specific.com/s3', undefined],
      ['//foo.wildcard.io/s3', undefined],
      ['//very.specific.com/non-matching-prefix', undefined],
      ['//foo.anotherwildcard.io/s4', 1],
      ['//bar.anotherwildcard.io/s4', 1],
      ['//foo.bar.anotherwildcard.io/s4', 1],
      ['//anotherwildcard.io/s4', undefined],
      ['//foo.wildcard.io/s4', undefined],
      ['//very.specific.com/s4', undefined],
      ['//foo.anotherwildcard.io/non-matching-prefix', undefined],
      ['//specific.but.wrong.com/s5', undefined],
      ['//wildcard.io/s5', undefined],
    ],
  },
  {
    name: 'hostname-intersection-all',
    routes: [
      {
        hostnames: ['first.com', 'sub.first.com', 'second.com', 'sub.second.com'],
        rules: [[2, { prefix: '/' }]],
      },
    ],
    asked: [
      ['//first.com/', 2],
      ['//sub.first.com/', 2],
      ['//second.com/', 2],
      ['//sub.second.com/', 2],
      ['//third.com/', undefined],
      ['//sub.third.com/', undefined],
    ],
  },
  {
    name: 'listener-hostname-matching',
    routes: [
      { hostnames: ['bar.com'], rules: [[1, { prefix: '/' }]] },
      { hostnames: ['foo.bar.com'], rules: [[2, { prefix: '/' }]] },
      { hostnames: ['*.bar.com', '*.foo.com'], rules: [[3, { prefix: '/' }]] },
    ],
    asked: [
      ['//bar.com/', 1],
      ['//foo.bar.com/', 2],
      ['//baz.bar.com/', 3],
      ['//boo.bar.com/', 3],
      ['//multiple.prefixes.bar.com/', 3],
      ['//multiple.prefixes.foo.com/', 3],
      ['//foo.com/', undefined],
      ['//no.matching.host/', undefined],
    ],
  },
]

export const SUITES: readonly Suite[] = [...BY_PATH, ...BY_HEADER, ...BY_HOST]
