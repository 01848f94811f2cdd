/** All commands, in the order of help. A new one is a file beside this one, and a line here. */
import type { CliCommand } from '../base/command.ts'
import { audit, feedback } from './audit.ts'
import { build } from './build.ts'
import { check } from './check.ts'
import { ci } from './ci.ts'
import { completionOf } from './completion.ts'
import { deploy } from './deploy.ts'
import { dev } from './dev.ts'
import { diff } from './diff.ts'
import { docs } from './docs.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { exportCommand } from './export.ts'
import { flags } from './flags.ts'
import { history, restore } from './history.ts'
import { importCommand } from './import.ts'
import { init } from './init.ts'
import { key } from './key.ts'
import { kill, unkill } from './kill.ts'
import { login } from './login.ts'
import { outcomes } from './outcomes.ts'
import { plan } from './plan.ts'
import { preview } from './preview.ts'
import { profile } from './profile.ts'
import { publish } from './publish.ts'
import { pull } from './pull.ts'
import { release } from './release.ts'
import { results } from './results.ts'
import { advance, approve, pause, restart, resume, rollback } from './rollout.ts'
import { shadow } from './shadow.ts'
import { simulate } from './simulate.ts'
import { promote, stage } from './stage.ts'
import { stale } from './stale.ts'
import { status, watch } from './status.ts'
import { sunset } from './sunset.ts'
import { disable, enable, percentage } from './switches.ts'
import { token, webhook } from './token.ts'
import { traffic } from './traffic.ts'

export const CLI_COMMANDS: readonly CliCommand[] = [
  ...[init, dev, traffic, doctor, build, deploy],
  ...[check, simulate, diff, publish, ci, pull, history, restore, importCommand, exportCommand],
  ...[flags, percentage, enable, disable, plan, stale, docs],
  ...[release, kill, unkill, rollback, resume, restart, advance, stage, promote, approve, pause, sunset],
  ...[status, watch, results, shadow, explain, preview, audit, feedback, outcomes],
  ...[login, token, key, webhook, profile, completionOf(() => CLI_COMMANDS)],
]
