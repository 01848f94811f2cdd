/** A question in front of the page. Escape and a click outside cancel. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { focusToGiveBack } from '../../state/keep-focus.ts'
import { questionsOf, textOf } from '../../state/session.ts'
import { ProblemText } from '../layout.tsx'

type FormDialogProps = {
  title: string
  /** On the button that does it. */
  action: string
  isDangerous?: boolean
  isReady?: boolean
  /** Whether Enter answers at once; false where a field wants to be filled first. */
  isAnswerFocused?: boolean
  class?: string
  onClose: () => void
  /**
   * Does it; the dialog closes when it resolves, and shows the problem when it rejects. What the gate asks about it is shown
   * first; `isConfirmed`: the user has seen that, and answered again.
   */
  onSubmit: (isConfirmed: boolean) => Promise<void>
  children: ComponentChildren
}

let ids = 0

export function FormDialog(props: FormDialogProps) {
  const { title, action, isDangerous, isReady = true, isAnswerFocused = true, onClose, onSubmit } = props
  const element = useRef<HTMLDialogElement>(null)
  const id = useRef(`dialog-${++ids}`).current
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [questions, setQuestions] = useState<readonly string[]>([])
  useEffect(() => {
    const giveFocusBack = focusToGiveBack()
    element.current?.showModal()
    element.current?.querySelector<HTMLElement>('[data-answer]')?.focus()
    return giveFocusBack
  }, [])
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!isReady) return
    setIsBusy(true)
    try {
      await onSubmit(questions.length > 0)
      onClose()
    } catch (error) {
      const asked = questionsOf(error)
      setQuestions(asked)
      setProblem(asked.length > 0 ? undefined : textOf(error))
      setIsBusy(false)
    }
  }
  const cancel = (event: Event) => {
    event.preventDefault()
    onClose()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, through `onCancel`
    <dialog
      ref={element}
      class={`dialog ${props.class ?? ''}`}
      aria-labelledby={id}
      onClick={(event) => event.target === element.current && onClose()}
      onCancel={cancel}
    >
      <form class="dialog-body" onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {props.children}
        <div role="alert">
          {questions.map((question) => (
            <p key={question} class="notice bad">
              {question}
            </p>
          ))}
        </div>
        <ProblemText>{problem}</ProblemText>
        <div class="row end">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous ? 'danger solid' : 'primary'}
            disabled={isBusy || !isReady}
            data-answer={isAnswerFocused || undefined}
          >
            {questions.length > 0 ? `${action} all the same` : action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
