/** What it means that the site and this page share a host, because ADMIN_HOST is not set. */
import { Icon } from '../components/icon.tsx'
import type { Session } from '../state/session.ts'

/** Before signing in: a service worker of the site can put another page in the place of this one. */
export function SharedHostWarning() {
  return (
    <p class="hint" role="note">
      This page shares its host with the site. Scripts of the site, those of a canary included, can read what
      you see here and act in your name. Set <code>ADMIN_HOST</code> to keep them apart.
    </p>
  )
}

/** While signed in. In development the site is one's own, so it is said before signing in only. */
export function SharedHostNotice({ session: { user, isForgottenByReload } }: { session: Session }) {
  if (user.host === 'own' || user.environment === 'development') return null
  const consequence = isForgottenByReload
    ? 'Your token is kept until you reload this page.'
    : 'You can only look: sign out, and in with a token, to change anything.'
  return (
    <section class="notices" aria-label="Shared host">
      <p role="note">
        <Icon name="alert" />
        <span>Scripts of the site can read what you see here, as ADMIN_HOST is not set. {consequence}</span>
      </p>
    </section>
  )
}
