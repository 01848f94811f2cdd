/** One setting of the guard, by its kind. */
import { useRef } from 'preact/hooks'
import { quantileText } from '../../../core/figures.ts'
import { LATENCY_QUANTILES } from '../../../core/guard/evidence/latency.ts'
import { Checkbox, type Choice, Select } from '../../components/fields.tsx'
import {
  CheckField,
  type FieldProps,
  Frame,
  ListField,
  NumberField,
  ProblemNotes,
  SelectField,
  useField,
  usePlace,
} from './form.tsx'
import type { GuardSetting } from './guard-settings.ts'
import { DurationField, RateField } from './pickers.tsx'

export function GuardField({ setting }: { setting: GuardSetting }) {
  const { kind, of: _, options = [], ...words } = setting
  const props = { ...words, path: ['guard', ...setting.path] }
  switch (kind) {
    case 'number':
      return <NumberField {...props} />
    case 'rate':
      return <RateField {...props} />
    case 'duration':
      return <DurationField {...props} />
    case 'choice':
      return <SelectField {...props} options={options} />
    case 'check':
      return <CheckField path={props.path} label={words.label} />
    case 'list':
      return <ListField {...props} isTyped suggestions={options} />
    case 'grpc':
      return <GrpcField {...props} />
    case 'quantiles':
      return <QuantilesField {...props} />
    case 'advance':
      return <AdvanceField {...props} />
  }
}

/** A value that can be switched to another one, and back to what it was. */
function useKept(path: FieldProps['path'], off: unknown) {
  const place = usePlace(path)
  const kept = useRef<unknown>(undefined)
  const turn = (isOn: boolean) => {
    if (!isOn) kept.current = place.value
    place.set(isOn ? kept.current : off)
  }
  return { isOn: place.value !== off, turn }
}

function GrpcField(props: FieldProps) {
  const { isOn, turn } = useKept(props.path, false)
  return (
    <div class="stack-s">
      <Checkbox label="gRPC errors in answers with status 200" checked={isOn} onChange={turn} />
      {isOn && <ListField {...props} path={[...props.path, 'statuses']} isTyped />}
    </div>
  )
}

const ENDS: readonly Choice[] = [
  ['evidence', 'once the canary is shown to be no worse'],
  ['time', 'after its bake, unless the canary is worse'],
]

function AdvanceField(props: FieldProps) {
  const { frame, control } = useField(props)
  const { isOn, turn } = useKept(props.path, 'time')
  return (
    <Frame {...frame}>
      <Select
        {...control}
        value={isOn ? 'evidence' : 'time'}
        choices={ENDS}
        onChoose={(end) => turn(end === 'evidence')}
      />
    </Frame>
  )
}

/** Without a list, all of them. */
function QuantilesField({ path, label }: FieldProps) {
  const { value, problems, set } = usePlace(path)
  const chosen: readonly unknown[] = Array.isArray(value) ? value : LATENCY_QUANTILES
  const choose = (quantile: number, isOn: boolean) => {
    const next = LATENCY_QUANTILES.filter((each) => (each === quantile ? isOn : chosen.includes(each)))
    set(next.length === LATENCY_QUANTILES.length ? undefined : next)
  }
  return (
    <fieldset class="field">
      <legend>{label}</legend>
      <div class="row">
        {LATENCY_QUANTILES.map((quantile) => (
          <Checkbox
            key={quantile}
            label={quantileText(quantile)}
            checked={chosen.includes(quantile)}
            onChange={(isOn) => choose(quantile, isOn)}
          />
        ))}
      </div>
      <ProblemNotes problems={problems} />
    </fieldset>
  )
}
