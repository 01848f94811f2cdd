/** What each command of the command line is tried with, and what it has to say to it. */
import { FLAG } from '../../harness/documents.ts'

export const STAGED = 'staged'
const NOT_HERE = 'no-such-flag'

/** A command line, and what its output has to contain. */
type Line = readonly [args: string, says: string | RegExp]
/** A command line that is refused: with 1 by the gate or for what was found, with 2 for the line itself. */
type Refused = readonly [args: string, code: 1 | 2, says: string | RegExp]
type Walk = { does: readonly Line[]; refuses: readonly Refused[] }

export const NO_TOKEN = 'no token: '
/** Run without a token. */
const stranger = (line: string): Refused => [`${NO_TOKEN}${line}`, 1, 'Send a token']

/** By command, in the order in which they run: later ones find what earlier ones have made. */
export const WALKS: Readonly<Record<string, Walk>> = {
  init: {
    does: [['init fresh --yes', 'wrote gate.json']],
    refuses: [
      ['init fresh --yes', 1, 'exist already'],
      ['init other', 2, 'Give --old and --new'],
      ['init other --yes --kv 12', 2, '32 hexadecimal digits'],
      ['init other --yes --countries RO,Ruritania', 2, 'not RURITANIA'],
    ],
  },
  build: {
    does: [['build fresh/gate.json', 'wrote .sluice/gate/worker.js']],
    refuses: [['build bad.json', 1, 'bad.json has']],
  },
  deploy: {
    does: [],
    refuses: [
      ['deploy', 1, 'no wrangler.toml here'],
      ['deploy bad.json', 1, 'bad.json has'],
    ],
  },
  dev: {
    does: [],
    refuses: [
      ['dev bad.json --port 0', 1, 'has problems'],
      ['dev --port 70000', 2, 'from 0 to 65535'],
    ],
  },
  traffic: {
    does: [['traffic --requests 20 --visitors 5 --path /a --country RO', /status 200 +20\n/]],
    refuses: [
      ['traffic --rate 0', 2, 'It must be a number from 1'],
      ['traffic --url https://www.example.com', 1, 'only to a gate on this machine'],
    ],
  },
  doctor: {
    does: [['doctor', 'nothing is wrong']],
    refuses: [[`${NO_TOKEN}doctor`, 1, 'Send a token']],
  },
  check: {
    does: [['check', 'no problems']],
    refuses: [['check bad.json', 1, 'problem']],
  },
  simulate: {
    does: [['simulate --stage 1', '10,000 visitors']],
    refuses: [['simulate --flag missing', 1, 'no flag missing']],
  },
  plan: {
    does: [['plan --file fresh/gate.json --rps 5', 'new-site: 5 requests/s']],
    refuses: [['plan', 1, 'No flag has stages with a guard'], stranger('plan')],
  },
  diff: {
    does: [
      ['diff next.json', 'defaultOrigin old added'],
      ['diff gate.json next.json', '1 change'],
    ],
    refuses: [
      ['diff next.json --exit-code', 1, 'defaultOrigin'],
      ['diff bad.json', 1, 'problem'],
      stranger('diff'),
    ],
  },
  publish: {
    does: [
      ['publish next.json --reason try --yes', 'is in force'],
      ['publish next.json', 'Nothing changed'],
    ],
    refuses: [
      ['publish gate.json --expect 1', 1, 'has published version 2 since version 1'],
      ['publish bad.json', 1, 'bad.json has'],
      stranger('publish'),
    ],
  },
  pull: {
    does: [
      ['pull', 'defaultOrigin'],
      ['pull pulled.json', 'wrote version 2'],
    ],
    refuses: [stranger('pull')],
  },
  history: {
    does: [
      ['history', '2 *'],
      ['history 1', '"origins"'],
    ],
    refuses: [
      ['history 99', 1, /no version 99 in the history("|\nThe gate: |\s*$)/],
      ['history last', 2, 'whole number'],
    ],
  },
  restore: {
    does: [['restore 1 --yes', 'restored version 1: version 3']],
    refuses: [
      ['restore 99 --yes', 1, 'no version 99'],
      ['restore 2', 2, 'Add --yes'],
    ],
  },
  flags: { does: [], refuses: [['flags', 2, 'flags']] },
  'flags list': { does: [['flags list --owner web', STAGED]], refuses: [stranger('flags list')] },
  'flags get': {
    does: [[`flags get ${FLAG}`, '"percentage": 10']],
    refuses: [[`flags get ${NOT_HERE}`, 1, `no flag ${NOT_HERE}`]],
  },
  'flags create': {
    does: [['flags create search --owner web --percentage 5', 'created search']],
    refuses: [['flags create search', 1, 'search']],
  },
  'flags patch': {
    does: [[`flags patch search {"description":"new"}`, 'changed search']],
    refuses: [
      [`flags patch search {"off":"nowhere"}`, 1, 'nowhere'],
      ['flags patch search {', 2, 'must be JSON'],
    ],
  },
  percentage: {
    does: [['percentage search 20 --yes', 'set search to 20 %']],
    refuses: [
      [`percentage ${STAGED} 20`, 1, 'stages'],
      ['percentage search 101', 2, 'from 0 to 100'],
    ],
  },
  disable: {
    does: [['disable search --yes', 'disabled search']],
    refuses: [[`disable ${NOT_HERE}`, 1, NOT_HERE]],
  },
  enable: {
    does: [['enable search --yes', 'enabled search']],
    refuses: [[`enable ${NOT_HERE}`, 1, NOT_HERE]],
  },
  sunset: {
    does: [
      ['percentage search 100 --yes', 'set search to 100 %'],
      ['sunset search --print', '"off": "on"'],
      ['sunset search --yes', 'began to serve "off" of search'],
    ],
    refuses: [
      [`sunset ${STAGED} --yes`, 1, '"on" is served to 5 % of visitors only'],
      [`sunset ${FLAG}`, 1, 'not all visitors have it'],
      ['sunset search', 1, 'its sunset is in the document already'],
      [`sunset ${NOT_HERE}`, 1, 'no such flag'],
      [`sunset ${STAGED} bad.json`, 1, 'bad.json has'],
      stranger('sunset search'),
    ],
  },
  'flags delete': {
    does: [['flags delete search --yes', 'removed search']],
    refuses: [
      ['flags delete search', 2, 'Add --yes'],
      ['flags delete search --yes', 1, 'search'],
    ],
  },
  stale: {
    does: [['stale', 'nothing to clean up']],
    refuses: [
      ['stale fresh/gate.json', 1, 'ownerless'],
      ['stale --only ugly', 2, 'must be some of'],
    ],
  },
  docs: {
    does: [
      ['docs', `## ${FLAG}`],
      ['docs --out flags.html', 'wrote 2 flags'],
    ],
    refuses: [stranger('docs'), ['docs bad.json', 1, 'bad.json has']],
  },
  kill: {
    does: [
      [
        `kill ${STAGED} --wait --reason drill`,
        /is killed, epoch \d+\n {2}(Live everywhere|No traffic).*\n {2}\d+ isolates? in \d+ locations? active/,
      ],
      [`kill ${STAGED}`, 'is killed'],
      ['kill --all --yes', 'all flags are killed'],
    ],
    refuses: [
      [`kill ${NOT_HERE}`, 1, NOT_HERE],
      ['kill', 2, 'Name a flag, or several'],
      ['kill --all', 2, 'Add --yes'],
      ['kill all', 2, 'Add --yes'],
      ['kill x --kv', 1, 'no wrangler.toml'],
      [`kill ${STAGED} --token-file looker.txt`, 1, 'this needs operator'],
      [`unkill ${STAGED}`, 1, 'All flags are still killed'],
    ],
  },
  unkill: {
    does: [['unkill --all', 'all flags are no longer killed']],
    refuses: [[`unkill ${STAGED}`, 1, 'it is not killed']],
  },
  advance: {
    does: [[`advance ${STAGED}`, 'stage 1 of 3 (5 %) → stage 2 of 3 (50 %)']],
    refuses: [[`advance ${FLAG}`, 1, 'no rule of it has stages']],
  },
  approve: {
    does: [[`approve ${STAGED}`, 'approved at stage 2 of 3 (50 %)']],
    refuses: [
      [`approve ${STAGED}`, 1, 'approved already'],
      [`approve ${FLAG}`, 1, 'no rule of it has stages'],
    ],
  },
  pause: { does: [[`pause ${STAGED}`, 'is paused']], refuses: [[`pause ${STAGED}`, 1, 'paused already']] },
  stage: {
    does: [
      [`stage ${STAGED} 5%`, 'stage 2 of 3 (50 %) → stage 1 of 3 (5 %)'],
      [`stage ${STAGED} 1`, 'at stage 1 of 3 (5 %) already'],
    ],
    refuses: [
      [`stage ${STAGED} 9`, 2, 'Its stages: 1 (5 %), 2 (50 %), 3 (100 %)'],
      [`stage ${STAGED} last`, 2, 'its number from 1'],
      [`stage ${STAGED} 0`, 2, 'its number from 1'],
      [`stage ${STAGED} 100%`, 2, 'past 1 stage that no guard has judged'],
      [`approve ${STAGED}`, 1, 'the stage of 5 % asks for no approval; the next that does is 50 %'],
    ],
  },
  rollback: {
    does: [[`rollback ${STAGED} --reason why`, 'is rolled back']],
    refuses: [[`rollback ${STAGED}`, 1, 'rolled back already']],
  },
  resume: {
    does: [[`resume ${STAGED}`, 'attempt 2, stage 1']],
    refuses: [[`resume ${STAGED}`, 1, 'neither rolled back']],
  },
  restart: {
    does: [[`restart ${STAGED}`, 'attempt 3, stage 1']],
    refuses: [
      [`restart ${FLAG}`, 1, 'no rule of it has stages'],
      [`restart ${NOT_HERE}`, 1, 'no such flag'],
    ],
  },
  release: {
    does: [],
    refuses: [
      ['release', 2, '--flag must name'],
      [`release --flag ${STAGED} --origin new=new.test --version 1`, 2, 'must name a URL'],
      [
        `release --flag ${STAGED} --origin new=https://new.test --version 1`,
        1,
        'does not lead its canary to new',
      ],
      [`release --flag ${NOT_HERE} --origin new=https://new.test --version 1`, 1, 'no flag'],
    ],
  },
  promote: {
    does: [[`promote ${STAGED} --yes`, 'is finished: stage 1 of 3 (5 %) → stage 3 of 3 (100 %)']],
    refuses: [
      [`promote ${STAGED}`, 1, 'finished already'],
      [`finish ${STAGED}`, 1, 'finished already'],
    ],
  },
  status: {
    does: [
      ['status', /staged .*of 3/],
      [`status ${STAGED}`, 'attempt'],
    ],
    refuses: [stranger('status'), [`status ${NOT_HERE}`, 2, 'no flag'], stranger('status --watch')],
  },
  watch: { does: [], refuses: [stranger('watch')] },
  explain: {
    does: [
      [`explain ${FLAG} --key ada`, 'Visitor ada'],
      ['explain --request / -H x-user-id=ada', 'sends the request to'],
    ],
    refuses: [[`explain ${NOT_HERE}`, 1, NOT_HERE]],
  },
  preview: {
    does: [[`preview ${FLAG}=on --for 1h --path /x`, '/__sluice/preview?t=']],
    refuses: [
      [`preview ${FLAG}=blue`, 1, 'has no variant blue'],
      [`preview ${FLAG}`, 2, 'FLAG=VARIANT'],
      [`preview ${FLAG}=on --for ever`, 2, 'a time such as'],
    ],
  },
  audit: {
    does: [
      ['audit', 'Finished'],
      [`audit ${STAGED} --limit 3`, 'Resumed'],
    ],
    refuses: [
      stranger('audit'),
      ['audit --limit 0', 2, 'a whole number from 1 to 1000'],
      ['audit no-such-flag', 1, 'no flag no-such-flag'],
    ],
  },
  outcomes: { does: [['outcomes --json', /[[{]/]], refuses: [stranger('outcomes')] },
  feedback: { does: [['feedback', 'No feedback yet']], refuses: [stranger('feedback')] },
  key: {
    does: [['key origin', /^\S{32,}\s*$/]],
    refuses: [
      ['key mine', 2, 'origin or webhook, not mine'],
      ['key webhook --signing-key-file missing.key', 2, 'Cannot read the signing key'],
      ['key origin --token-file looker.txt', 1, 'this needs admin'],
      stranger('key origin'),
    ],
  },
  ci: { does: [], refuses: [['ci', 2, 'ci']] },
  'ci check': {
    does: [['ci check next.json --yes', 'next.json has no problems']],
    refuses: [['ci check bad.json', 1, 'bad.json has'], stranger('ci check next.json')],
  },
  token: { does: [], refuses: [['token', 2, 'token']] },
  'token create': {
    does: [['token create ci --role operator --days 1', /^sluice_/]],
    refuses: [
      ['token create ci --role king', 2, 'king'],
      ['token create other --token-file looker.txt', 1, 'this needs admin'],
    ],
  },
  'token list': {
    does: [['token list', 'operator']],
    refuses: [['token list --token-file looker.txt', 1, 'needs admin']],
  },
  'token revoke': {
    does: [['token revoke ci', 'revoked ci']],
    refuses: [['token revoke missing', 1, 'missing']],
  },
  webhook: {
    does: [['webhook HOOK', 'answered 200']],
    refuses: [['webhook http://elsewhere.test/', 1, 'no such webhook']],
  },
  login: {
    does: [['login --name walked', 'logged in to http']],
    refuses: [
      [`${NO_TOKEN}login`, 2, 'Cannot ask for the token'],
      ['login ftp://x', 2, 'must be an http(s) URL'],
    ],
  },
  profile: { does: [], refuses: [['profile', 2, 'profile']] },
  'profile add': {
    does: [
      ['profile add main', 'main is http'],
      ['profile add other --url https://gate.test', 'other is'],
    ],
    refuses: [['profile add bad --url ftp://x', 2, 'must be an http(s) URL']],
  },
  'profile list': {
    does: [['profile list', 'walked *']],
    refuses: [['profile list x', 2, 'too many arguments']],
  },
  'profile use': {
    does: [['profile use other', 'other is the current']],
    refuses: [['profile use missing', 2, 'no profile missing']],
  },
  'profile remove': {
    does: [['profile remove other', 'removed other']],
    refuses: [['profile remove other', 2, 'no profile other']],
  },
  results: {
    does: [],
    refuses: [
      [`results ${FLAG}`, 1, 'measures no'],
      [`results ${FLAG} --csv --watch`, 2, 'goes with neither'],
      [`results ${NOT_HERE}`, 1, NOT_HERE],
    ],
  },
  completion: {
    does: [['completion bash', 'complete -o filenames']],
    refuses: [['completion cmd', 2, 'not cmd']],
  },
}

/** Commands whose work needs more than a line; the tests below, or others, do it. */
export const DONE_BELOW = ['deploy', 'dev', 'watch', 'flags', 'token', 'profile', 'ci', 'release', 'results']
/** Commands that other tests walk. */
export const ELSEWHERE = ['import', 'export', 'shadow']
