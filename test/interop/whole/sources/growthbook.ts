/** One flag for each thing that an import lists, notes, renames or leaves out. */

const named = <T>(entries: readonly (readonly [string, T])[]) => Object.fromEntries(entries)

const force = (condition: object, more: object = {}) => ({
  defaultValue: false,
  rules: [{ condition, force: true, ...more }],
})
const experiment = (more: object) => ({
  defaultValue: 'a',
  rules: [{ key: 'e', variations: ['a', 'b', 'c'], hashAttribute: 'id', ...more }],
})
const gate = (id: string, condition: object, gate = true) => ({ parentConditions: [{ id, condition, gate }] })

export const GROWTHBOOK = {
  savedGroups: { staff: ['ada', 'bob'], numbers: [1, 2], odd: [{}] },
  features: {
    'two words': { defaultValue: 1 },
    nothing: { defaultValue: null },
    object: { defaultValue: { a: [1] }, rules: [{ force: { a: [2] } }, { force: 'off' }, { force: 'text' }] },
    ...named(
      Object.entries({
        equal: { a: 'x' },
        null: { a: null },
        list: { a: [1] },
        ne: { a: { $ne: 'x' } },
        nenull: { a: { $ne: null } },
        eqnull: { a: { $eq: null } },
        in: { a: { $in: ['x', 1, null] } },
        nin: { a: { $nin: ['x'] } },
        ini: { a: { $ini: ['X'] } },
        none: { a: { $in: [] } },
        group: { id: { $inGroup: 'staff' } },
        nogroup: { id: { $notInGroup: 'gone' } },
        oddgroup: { id: { $inGroup: 'odd' } },
        gt: { a: { $gt: 1, $lte: 5 } },
        gttext: { a: { $gt: 'x' } },
        vgt: { a: { $vgt: '1.2.3' } },
        veq: { a: { $veq: '1.2' } },
        regex: { a: { $regex: '^x' } },
        regexi: { a: { $regexi: '^x' } },
        notregex: { a: { $notRegex: '^x' } },
        exists: { a: { $exists: true } },
        missing: { a: { $exists: false } },
        type: { a: { $type: 'string' } },
        typeobject: { a: { $type: 'object' } },
        typenull: { a: { $type: 'null' } },
        size: { a: { $size: 2 } },
        all: { a: { $all: ['x', 'y'] } },
        oddall: { a: { $all: [{}] } },
        match: { a: { $elemMatch: { $eq: 'x' } } },
        oddmatch: { a: { $elemMatch: { $eq: 'x', $gt: 1 } } },
        not: { a: { $not: { $in: ['x'] } } },
        oddnot: { a: { $not: 'x' } },
        unknown: { a: { $nope: 1 } },
        or: { $or: [{ a: 1 }, { b: 2 }] },
        nor: { $nor: [{ a: 1 }, { b: 2 }] },
        and: { $and: [{ a: 1 }, { $not: { b: 2 } }] },
        oddor: { $or: 1 },
        empty: {},
        nested: { 'a.b': 'x' },
      }).map(([name, condition]): [string, object] => [name, force(condition)]),
    ),
    covered: force({}, { coverage: 0.3 }),
    'covered-not': force({}, { coverage: 0 }),
    'covered-all': force({}, { coverage: 1 }),
    'covered-2': force({}, { coverage: 0.25, hashVersion: 2, seed: 'seed', hashAttribute: 'email' }),
    ranged: force({}, { range: [0.1, 0.4] }),
    filtered: force(
      {},
      {
        filters: [
          {
            seed: 's',
            ranges: [
              [0, 0.1],
              [0.5, 0.6],
            ],
            hashVersion: 2,
            attribute: 'email',
          },
        ],
      },
    ),
    thirds: experiment({}),
    weighed: experiment({ weights: [0.2, 0.3, 0.5], coverage: 0.5, hashVersion: 2 }),
    'odd-weights': experiment({ weights: [0.2, 0.2, 0.2] }),
    overlapping: experiment({
      ranges: [
        [0, 0.5],
        [0.25, 0.75],
        [0.5, 1],
      ],
    }),
    inside: experiment({
      ranges: [
        [0.2, 0.4],
        [0, 1],
        [0.3, 0.9],
      ],
    }),
    'in-a-namespace': experiment({ namespace: ['n', 0.1, 0.4] }),
    passing: experiment({ meta: [{ passthrough: true }, {}, {}], name: 'named' }),
    'of-one': experiment({ variations: ['a'] }),
    bandit: experiment({ contextualBanditRef: 'x' }),
    parent: { defaultValue: 'on', rules: [{ condition: { plan: 'free' }, force: 'off' }] },
    child: { defaultValue: 1, rules: [gate('parent', { value: 'on' }), { force: 2 }] },
    'child-of-either': { defaultValue: 1, rules: [gate('parent', { value: { $in: ['on', 'off'] } })] },
    'child-of-neither': { defaultValue: 1, rules: [gate('parent', { value: 'blue' })] },
    'child-of-no-one': { defaultValue: 1, rules: [gate('gone', { value: 'on' })] },
    'child-of-nothing': { defaultValue: 1, rules: [gate('gone', { value: null })] },
    'child-of-object': { defaultValue: 1, rules: [gate('object', { value: 'x' })] },
    grandchild: { defaultValue: 1, rules: [gate('child', { value: { $ne: 2 } })] },
    'behind-a-rule': { defaultValue: 1, rules: [{ force: 2 }, gate('parent', { value: 'on' })] },
    'rule-alone': { defaultValue: 1, rules: [{ ...gate('parent', { value: 'on' }, false), force: 2 }] },
  },
}
