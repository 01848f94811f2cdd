/** A fault in one view leaves the others, and the frame around them, as they are. */
import { Component, type ComponentChildren } from 'preact'
import { textOf } from '../../state/session.ts'

type Props = { children: ComponentChildren }
type State = { problem: string | undefined }

export class Boundary extends Component<Props, State> {
  override state: State = { problem: undefined }

  static override getDerivedStateFromError(error: unknown): State {
    return { problem: textOf(error) }
  }

  override render({ children }: Props, { problem }: State) {
    if (problem === undefined) return children
    return (
      <div class="empty stack" role="alert">
        <p>This view cannot be shown: {problem}. The gate itself is not concerned.</p>
        <p>
          <button type="button" onClick={() => this.setState({ problem: undefined })}>
            Show it again
          </button>
        </p>
      </div>
    )
  }
}
