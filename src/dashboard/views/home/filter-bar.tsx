import type { FlagSummary } from '../../../contract/responses.ts'
import { labelOf, STATE_NAMES, type StateName } from '../../../contract/words/flag-state.ts'
import { Checkbox, type Choice } from '../../components/fields.tsx'
import { ChoiceFilter, FilterBar } from '../../components/filters.tsx'
import { Icon } from '../../components/icon.tsx'
import { choicesOf, type Filters, NO_FILTERS } from './filters.ts'

type FilterBarProps = {
  flags: readonly FlagSummary[]
  shown: number
  filters: Filters
  onChange: (filters: Filters) => void
}

/** Search and filters, with how many flags match. */
export function FlagFilterBar({ flags, shown, filters, onChange }: FilterBarProps) {
  const { tags, owners } = choicesOf(flags)
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change })
  const isFiltered = Object.entries(NO_FILTERS).some(
    ([key, value]) => filters[key as keyof Filters] !== value,
  )
  return (
    <FilterBar isFiltered={isFiltered} onClear={() => onChange(NO_FILTERS)} found={[shown, flags.length]}>
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
      <ChoiceFilter
        label="State"
        value={filters.state}
        choices={STATES}
        onChoose={(state) => set({ state: state as StateName | '' })}
      />
      {tags.length > 0 && (
        <ChoiceFilter label="Tag" value={filters.tag} choices={same(tags)} onChoose={(tag) => set({ tag })} />
      )}
      {owners.length > 0 && (
        <ChoiceFilter
          label="Owner"
          value={filters.owner}
          choices={same(owners)}
          onChoose={(owner) => set({ owner })}
        />
      )}
      <Checkbox label="Cleanup" checked={filters.staleOnly} onChange={(staleOnly) => set({ staleOnly })} />
    </FilterBar>
  )
}

const STATES = STATE_NAMES.map((name): Choice => [name, labelOf(name)])
const same = (values: readonly string[]) => values.map((value): Choice => [value, value])
