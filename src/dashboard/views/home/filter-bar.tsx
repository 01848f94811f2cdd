import type { FlagSummary } from '../../../contract/responses.ts'
import { labelOf, STATE_NAMES, type StateName } from '../../../contract/words/flag-state.ts'
import { Checkbox, type Choice, Select } from '../../components/fields.tsx'
import { Icon } from '../../components/icon.tsx'
import { choicesOf, type Filters, NO_FILTERS } from './filters.ts'

type FilterBarProps = {
  flags: readonly FlagSummary[]
  shown: number
  filters: Filters
  onChange: (filters: Filters) => void
}

/** Search and filters, with how many flags match. */
export function FilterBar({ flags, shown, filters, onChange }: FilterBarProps) {
  const { tags, owners } = choicesOf(flags)
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change })
  const isFiltered = Object.entries(NO_FILTERS).some(
    ([key, value]) => filters[key as keyof Filters] !== value,
  )
  return (
    <search class="filters">
      <span class="search">
        <Icon name="search" />
        <input
          type="search"
          id="search"
          placeholder="Search by key, description, owner, tag or route"
          aria-label="Search flags"
          value={filters.query}
          onInput={(event) => set({ query: event.currentTarget.value })}
        />
        <kbd>/</kbd>
      </span>
      <Filter
        label="State"
        value={filters.state}
        choices={STATE_NAMES.map((name) => [name, labelOf(name)])}
        onChoose={(state) => set({ state: state as StateName | '' })}
      />
      {tags.length > 0 && (
        <Filter label="Tag" value={filters.tag} choices={same(tags)} onChoose={(tag) => set({ tag })} />
      )}
      {owners.length > 0 && (
        <Filter
          label="Owner"
          value={filters.owner}
          choices={same(owners)}
          onChoose={(owner) => set({ owner })}
        />
      )}
      <Checkbox label="Cleanup" checked={filters.staleOnly} onChange={(staleOnly) => set({ staleOnly })} />
      <output class="hint" aria-live="polite">
        {isFiltered ? `${shown} of ${flags.length}` : ''}
      </output>
      {isFiltered && (
        <button type="button" class="quiet" onClick={() => onChange(NO_FILTERS)}>
          Clear
        </button>
      )}
    </search>
  )
}

type FilterProps = {
  label: string
  value: string
  choices: readonly Choice[]
  onChoose: (value: string) => void
}

function Filter({ label, value, choices, onChoose }: FilterProps) {
  const any: Choice = ['', `${label}: any`]
  const rest = { value, onChoose, class: value === '' ? '' : 'chosen' }
  return <Select aria-label={label} choices={[any, ...choices]} {...rest} />
}

const same = (values: readonly string[]) => values.map((value): Choice => [value, value])
