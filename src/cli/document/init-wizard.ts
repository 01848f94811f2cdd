/** The questions of `sluice init`. */
import { cancel, group, intro, text } from '@clack/prompts'
import { FLAG_KEY_SHAPE } from '../../core/config/schema/values.ts'
import { Declined } from '../base/errors.ts'
import { countriesIn, noCountry, type Wishes } from './init-files.ts'

const URL_SHAPE = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/

/** Asks for what is not given yet. */
export async function wizard(given: Partial<Wishes>): Promise<Partial<Wishes>> {
  intro('A gate between two origins')
  const answers = await group(
    {
      old: () =>
        known(given.old) ?? askUrl('Which origin serves everybody today?', 'https://old.example.com'),
      new: () => known(given.new) ?? askUrl('Which origin do you move to?', 'https://new.example.com'),
      flag: () =>
        known(given.flag) ??
        text({
          message: 'What is the flag called?',
          initialValue: 'new-site',
          validate: (value) =>
            FLAG_KEY_SHAPE.test(value ?? '') ? undefined : 'letters, digits and . _ ~ : / -',
        }),
      owner: () =>
        known(given.owner) ??
        text({ message: 'Whom to ask about it?', placeholder: 'a team or a person', defaultValue: '' }),
      countries: () =>
        known(given.countries?.join(',')) ??
        text({
          message: 'For which countries first?',
          placeholder: 'all; or a list such as US,RO',
          defaultValue: '',
          validate: (value) =>
            noCountry(countriesIn(value ?? '')) === undefined
              ? undefined
              : 'codes of two letters, such as US,RO',
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
    old: answers.old,
    new: answers.new,
    flag: answers.flag,
    ...(answers.owner && { owner: answers.owner }),
    countries: countriesIn(answers.countries ?? ''),
  }
}

/** An answer that was given beforehand. */
function known(value: string | undefined): Promise<string> | undefined {
  return value === undefined ? undefined : Promise.resolve(value)
}

function askUrl(message: string, placeholder: string) {
  return text({
    message,
    placeholder,
    validate: (value) => (URL_SHAPE.test(value ?? '') ? undefined : `a URL such as ${placeholder}`),
  })
}
