/** The questions of `sluice init`. */
import { cancel, group, intro, text } from '@clack/prompts'
import { FLAG_KEY_SHAPE } from '../../core/config/schema/values.ts'
import { completedUrl } from '../base/completed-url.ts'
import { Declined } from '../base/errors.ts'
import { isHost } from '../base/wrangler-toml.ts'
import { countriesIn, identityIn, invalidCountry, type Wishes } from './init-files.ts'

const URL_SHAPE = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/

/** Asks for what is missing. */
export async function wizard(given: Partial<Wishes>): Promise<Partial<Wishes>> {
  intro('A gate between two origins')
  const answers = await group(
    {
      old: () =>
        known(given.old) ?? askUrl('Which origin serves all visitors today?', 'https://old.example.com'),
      new: () =>
        known(given.new) ?? askUrl('Which origin do you want to move to?', 'https://new.example.com'),
      flag: () =>
        known(given.flag) ??
        text({
          message: 'What is the key of the flag?',
          initialValue: 'new-site',
          validate: (value) =>
            FLAG_KEY_SHAPE.test(value ?? '') ? undefined : 'It must be of letters, digits and . _ ~ : / -',
        }),
      owner: () =>
        known(given.owner) ??
        text({ message: 'Who owns the flag?', placeholder: 'a team or a person', defaultValue: '' }),
      identity: () =>
        known(given.identity && 'known') ??
        text({
          message: 'Which cookie or header names a visitor who is logged in?',
          placeholder: 'none; or a cookie such as uid; or a header such as header:x-user-id',
          defaultValue: '',
          validate: (value) =>
            !value || identityIn(value) ? undefined : 'It must be a name such as uid or header:x-user-id',
        }),
      countries: () =>
        known(given.countries?.join(',')) ??
        text({
          message: 'Which countries should get it first?',
          placeholder: 'all; or codes or names, such as US,Romania',
          defaultValue: '',
          validate: (value) =>
            invalidCountry(countriesIn(value ?? '')) === undefined
              ? undefined
              : 'Countries must be codes or names, such as US,Romania',
        }),
      webhook: () =>
        known(given.webhook) ??
        text({
          message: 'Which URL should be told of rollbacks and approvals?',
          placeholder: 'none yet; or a webhook such as https://hooks.example.com/sluice',
          defaultValue: '',
          validate: (value) =>
            !value || URL_SHAPE.test(value)
              ? undefined
              : 'It must be a URL such as https://hooks.example.com/sluice',
        }),
      adminHost: () =>
        known(given.adminHost) ??
        text({
          message: 'Which host should the dashboard have for itself?',
          placeholder: 'its address on workers.dev; or a custom domain such as sluice.example.net',
          defaultValue: '',
          validate: (value) =>
            !value || isHost(value) ? undefined : 'It must be a host such as sluice.example.net',
        }),
    },
    {
      onCancel: () => {
        cancel('Nothing was written')
        throw new Declined()
      },
    },
  )
  return {
    ...given,
    old: completedUrl(answers.old),
    new: completedUrl(answers.new),
    flag: answers.flag,
    ...(answers.owner && { owner: answers.owner }),
    ...(!given.identity && answers.identity && { identity: identityIn(answers.identity) }),
    ...(answers.webhook && { webhook: answers.webhook }),
    ...(answers.adminHost && { adminHost: answers.adminHost }),
    countries: countriesIn(answers.countries ?? ''),
  }
}

/** An answer that the options gave. */
function known(value: string | undefined): Promise<string> | undefined {
  return value === undefined ? undefined : Promise.resolve(value)
}

function askUrl(message: string, placeholder: string) {
  return text({
    message,
    placeholder,
    validate: (value) =>
      URL_SHAPE.test(completedUrl(value ?? '')) ? undefined : `It must be a URL such as ${placeholder}`,
  })
}
