/** The most that the admin API takes. */
const LONGEST = 500

type ReasonFieldProps = { value: string; onChange: (reason: string) => void }

/** Why something is done, for whoever reads the audit log later. */
export function ReasonField({ value, onChange }: ReasonFieldProps) {
  return (
    <label class="field">
      <span>
        Reason <small class="muted">for the audit log, optional</small>
      </span>
      <input value={value} maxLength={LONGEST} onInput={(event) => onChange(event.currentTarget.value)} />
    </label>
  )
}
