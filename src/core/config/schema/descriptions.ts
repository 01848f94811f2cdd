/**
 * What each key of the gate document means, by its path: `*` for any name in a record; lists and alternatives add
 * nothing to a path. Only generators read this, for the JSON Schema and the reference page: the Worker does without.
 */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  $schema: 'URL of the JSON Schema, for editors.',
  origins: 'Upstreams by name.',
  'origins.*.url':
    'Where requests go. Its path is put before the path of the request. Required without `binding`.',
  'origins.*.binding':
    'Name of a binding of the Worker that reaches the origin instead of the network: a service binding, a VPC service, or an mTLS certificate. Without `url` the origin sees the URL that the visitor asked for.',
  'origins.*.host':
    '`origin`: the origin gets the host of its URL. `preserve`: it gets the host that the visitor asked for; with a `url` alone this works on Cloudflare only, for origins in the same zone. Default `origin`.',
  'origins.*.headers':
    'Headers that each request to the origin carries, in place of those that a visitor sends: a text, or a secret of the Worker.',
  'origins.*.headers.*.secret': 'Name of the Worker secret that holds the value.',
  'origins.*.rewrite':
    "Whether the origin's own host in `Location`, `Content-Location`, `Refresh`, `Link` and cookie `Domain` becomes the visitor's, and the visitor's in `Origin`, `Referer` and `Destination` becomes the origin's. `answers`: only the former, for apps that compare `Origin` with `X-Forwarded-Host`. Default true.",
  'origins.*.timeoutMs':
    'How long the origin may take to its first byte. Default 125000, which is what Cloudflare waits. From 5000 ms on it may fire up to 500 ms late.',
  'origins.*.forwarded':
    'True: requests carry `Forwarded` (RFC 7239) beside `X-Forwarded-For`, `-Host` and `-Proto`. Default false.',
  defaultOrigin: 'The origin of requests that no route matches. Default: that of the last catch-all route.',
  errorPage:
    'The page that browsers get, with status 502 or 504, when no origin answers. Default: a line of text.',
  'errorPage.html': 'The page.',
  'errorPage.retryAfterSeconds': 'Value of the Retry-After header.',
  context: 'How visitors are identified and described.',
  'context.targetingKey':
    "Sources of the visitor's id; the first one with a value wins. Otherwise the `sluice_id` cookie.",
  'context.targetingKey.header': 'A request header.',
  'context.targetingKey.cookie': 'A cookie.',
  'context.targetingKey.query': 'A query parameter.',
  'context.targetingKey.jwt': 'A claim of the verified token, by dotted path.',
  'context.keepFirst':
    'True: a visitor whom the `sluice_id` cookie knows keeps that identity after signing in, and so their version. Default false: the sources decide as soon as one has a value.',
  'context.cookieDomain':
    'Domain whose subdomains share the identity and follow pages of each other, such as `example.com`. Default: each host has its own. Hosts outside it have their own, too.',
  identity: 'What the gate keeps in browsers to recognise visitors.',
  'identity.cookie':
    'False: no cookies for visitors whom no other key identifies; percentages send them to control. Default true.',
  'context.attributes': 'Custom attributes, each with its source or sources.',
  'context.attributes.*.header': 'A request header.',
  'context.attributes.*.cookie': 'A cookie.',
  'context.attributes.*.query': 'A query parameter.',
  'context.attributes.*.jwt': 'A claim of the verified token, by dotted path.',
  'context.jwt': 'How visitor tokens are verified.',
  'context.jwt.from':
    'Where the token is. Default: the Authorization header. A leading "Bearer " is removed.',
  'context.jwt.from.header': 'A request header.',
  'context.jwt.from.cookie': 'A cookie.',
  'context.jwt.algorithms':
    'Accepted signature algorithms. Default: RS256 and ES256; HS256 with `secretBinding`.',
  'context.jwt.issuer': 'Required `iss` of a token.',
  'context.jwt.audience': 'Required `aud` of a token.',
  'context.jwt.clockToleranceSeconds': 'Leeway for `exp` and `nbf`. Default 5.',
  'context.jwt.jwks': 'URL of the key set (fetched and cached), or an inline key set.',
  'context.jwt.secretBinding': 'Name of the Worker secret that holds the HS256 key.',
  'context.trustedProxies':
    "How many proxies of yours stand before the gate, off Cloudflare: the visitor's address is so many places from the right of X-Forwarded-For. Default 0: the header is the visitor's word, and the address is unknown. On Cloudflare it has no effect.",
  routes: 'The first matching route decides.',
  'routes.path':
    '`/exact`, `/below/*` (also `/below` itself), `/users/:id/edit`; `*` in the middle matches one segment.',
  'routes.host': 'Hosts that the route matches. Default: all.',
  'routes.method': 'Methods that the route matches. Default: all.',
  'routes.origin': 'The origin of a route without a flag.',
  'routes.flag': 'The flag that chooses the origin.',
  'routes.origins': 'With `flag`: variant → origin.',
  'routes.rescue':
    'With `flag`: methods that are retried at the origin of `off` when the assigned origin fails (5xx, timeout, no connection). Such requests are sent twice: name only methods that are safe to repeat; bodies up to 64 kB. `false`: none. Default: GET, HEAD, OPTIONS.',
  'routes.timeoutMs': "In place of the origins' `timeoutMs`, on this route.",
  'routes.follow':
    'Page affinity: whether requests of a page through this route go to the version that served the page, where this route has its origin. Default: true with `flag` and for `/*`, otherwise false.',
  'routes.severable':
    'With `flag`: whether `kill --sever` can close WebSockets of this route. The gate then relays the messages of those that were opened by another variant than `off`. `false`: they pass through untouched, and stay open. Default true.',
  flags: 'Flags by key.',
  'routes.shadow':
    'How requests of this route are copied in a shadow stage of its flag; `false`: not at all. Copies go to both origins after the visitor has the answer, with `Sluice-Shadow: 1`, and their answers are compared.',
  'routes.shadow.methods':
    "Methods that are copied. With `POST`, small JSON and form bodies are copied too: what such a request does is then done three times at control's origin, and once at the canary's.",
  'routes.shadow.credentials':
    'Whether copies carry the cookies and the `Authorization` of the visitor. Sessions that change with each use, and links that work once, can be used up by a copy.',
  'routes.shadow.maxRps':
    'Most requests of this route that one location copies in a second. Each goes once to the new version and twice to control. Default 2.',
  'routes.shadow.samples':
    'Which differing values operators can see, for a day: none, masked ones (`redacted`: no e-mail addresses, tokens or digits), or `full`.',
  'routes.shadow.keys':
    'Arrays whose items are matched by a property instead of as a whole: path of the array, such as `$.items`, to the property.',
  'routes.shadow.ignore':
    'Fields that do not count, such as `$.requestId`, or `GET /api/items $.requestId` for one route.',
  'flags.*.description': 'What the flag is for.',
  'flags.*.owner': 'Team or person responsible.',
  'flags.*.tags': 'Tags to find the flag by.',
  'flags.*.expires': 'Date by which to remove the flag; from then on it is listed for cleanup.',
  'flags.*.enabled': 'False: all visitors get `off`. Default true.',
  'flags.*.variants': 'Variant → value.',
  'flags.*.off': 'The variant for visitors whom no rule matches.',
  'flags.*.salt': 'Salt of the hash that gives visitors their position. Default: the key of the flag.',
  'flags.*.environments': 'Environments in which the flag can be on. Default: all.',
  'flags.*.schedule': 'When the flag can be on: from `start` (inclusive) to `end` (exclusive).',
  'flags.*.requires': 'Flags that must be on, that is, serve another variant than their `off`.',
  'flags.*.requires.flag': 'The flag that is required.',
  'flags.*.requires.on': 'False: the flag must not be on. Default true.',
  'flags.*.requires.variants': 'It must serve one of these variants. Default: any but its `off`.',
  'flags.*.rules': 'The first rule that matches decides.',
  'flags.*.rules.name': 'Shown in traces and on the dashboard.',
  'flags.*.rules.when': 'Conditions; all of them must hold.',
  'flags.*.rules.when.attribute': 'Name of an attribute.',
  'flags.*.rules.when.op': 'The operator.',
  'flags.*.rules.when.values': 'Values to compare with; one match is enough.',
  'flags.*.rules.when.negate': 'Inverts the result.',
  'flags.*.rules.when.ignoreCase': 'Text operators ignore case.',
  'flags.*.rules.when.type':
    'Only an attribute of this type satisfies the condition. Elements of a list have theirs. Default: any.',
  'flags.*.rules.when.versions':
    'How versions are read: `exact` takes those in full (semver.org), other values read as that system does. Default: coerced as `semver.coerce` of npm does, so `4.10` is 4.10.0 and `v4.3.0` is 4.3.0.',
  'flags.*.rules.percentage': 'Share of the visitors meeting the conditions for whom the rule matches.',
  'flags.*.rules.stages': 'A gradual rollout. At most one rule of a flag has stages.',
  'flags.*.rules.stages.percentage': 'Share of the visitors who meet the conditions.',
  'flags.*.rules.stages.shadow':
    'In place of `percentage`: share of the requests that are copied to the new variant, whose answers are compared with those of control. No visitor is on the new variant. Only before the stages with a percentage.',
  'flags.*.rules.stages.bake': 'Minimum time at this stage, such as "10m". Default "10m".',
  'flags.*.rules.stages.maxBake':
    'After this long at the stage a notification is sent; the stage does not advance.',
  'flags.*.rules.stages.approval': 'True: the next stage starts only after approval.',
  'flags.*.rules.stages.advance': '`manual`: this stage ends only by the command `advance`. Default `auto`.',
  'flags.*.rules.stages.within':
    'How long a healthy canary may take, such as "2h". The less traffic there is, the more the guard then lets pass: its sentences say what it cannot exclude ("worse by up to 2 points"). Default: as long as it takes.',
  'flags.*.rules.stages.require':
    "What this stage asks for besides the guard's tests; counts of this stage, without the two networks that weigh most.",
  'flags.*.rules.stages.require.minVisitors': 'So many visitors of the canary.',
  'flags.*.rules.stages.require.maxErrorRate': "Highest share of the canary's requests that fail (0–1).",
  'flags.*.rules.stages.require.maxP95Ms': "At most 5 % of the canary's requests take longer.",
  'flags.*.rules.stages.require.paths': "Limits for the canary's answers on single paths.",
  'flags.*.rules.stages.require.paths.path': 'A path, such as `/checkout/*`.',
  'flags.*.rules.stages.require.paths.statuses':
    'Answers that count. A timeout or a broken connection counts as 5xx. Default `["5xx"]`.',
  'flags.*.rules.stages.require.paths.max': 'At most so many of them. Default 0.',
  'flags.*.rules.serve':
    'A variant, or whole-number weights per variant that add up to 100 (or 1,000, 10,000, 100,000).',
  'flags.*.rules.bucketing': 'Buckets visitors as the system that the rule was imported from does.',
  'flags.*.rules.bucketing.scheme': 'The system whose hash, groups and steps are used.',
  'flags.*.rules.bucketing.group': 'Hashed before the id, for the percentage.',
  'flags.*.rules.bucketing.stickiness':
    'Attributes to take the id from; the first one present wins. `random` is a new id for every request.',
  'flags.*.rules.bucketing.variantGroup': 'Hashed before the id, for the weights. Default: `group`.',
  'flags.*.rules.bucketing.variantStickiness': 'The same for the weights. Default: `stickiness`.',
  'flags.*.rules.bucketing.overrides': 'Visitors with a fixed variant.',
  'flags.*.rules.bucketing.overrides.attribute': 'Name of an attribute.',
  'flags.*.rules.bucketing.overrides.values': 'The attribute must have one of these values.',
  'flags.*.rules.bucketing.overrides.serve': 'The variant for these visitors, regardless of the weights.',
  'flags.*.rules.bucketing.salt': 'Hashed after the id.',
  'flags.*.rules.bucketing.attribute': 'The attribute that holds the id. Default "targetingKey".',
  'flags.*.rules.bucketing.places': 'Ranges of hashes; the rule is for visitors who are inside all of them.',
  'flags.*.rules.bucketing.places.algorithm':
    '`murmur3` counts up to 2^32, `sha1` (LaunchDarkly), `fnv1a` and `fnv1a-twice` (GrowthBook) from 0 to 1.',
  'flags.*.rules.bucketing.places.hash': 'What is hashed: fixed texts and attributes, one after the other.',
  'flags.*.rules.bucketing.places.ranges': 'Inside: at least the first number, and below the second.',
  'flags.*.rules.bucketing.places.missing':
    'The number of visitors without the attribute. Default: in no range.',
  'flags.*.rules.bucketing.hash':
    'What is hashed: fixed texts and attributes; `missing` replaces an absent attribute.',
  'flags.*.rollout': 'How stages advance.',
  'flags.*.rollout.windows': 'When stages may advance automatically. Default: always.',
  'flags.*.rollout.windows.days': 'Default: every day.',
  'flags.*.rollout.windows.from': 'Local time at which the window opens.',
  'flags.*.rollout.windows.to': 'Local time at which it closes; earlier than `from` means the next day.',
  'flags.*.rollout.timezone': 'IANA timezone of `windows`. Default "UTC".',
  'flags.*.rollout.holdbackPercent':
    'With a guard: share that stays in control at 100 %, until the rollout is finished. Default 1.',
  'flags.*.rollout.stepBack':
    'After a rollback visitors return in four steps of half a second, each of which waits while the latency of control rises, within this time at most, such as "30s"; at once if the canary is down. Default: at once. A kill is always at once.',
  'flags.*.guard': 'What rolls the flag back automatically.',
  'flags.*.guard.enabled': 'False switches the guard off. Default true.',
  'flags.*.guard.action': '`freeze`: stop advancing and notify instead of rolling back. Default `rollback`.',
  'flags.*.guard.alpha': 'Probability that a healthy canary is ever rolled back. Default 0.01.',
  'flags.*.guard.errors': 'Compares error rates of canary and control. On in an empty guard.',
  'flags.*.guard.errors.rho': 'The canary may fail this many times as often as control. Default 1.1.',
  'flags.*.guard.errors.delta': '… plus this rate. Default 0.0001.',
  'flags.*.guard.errors.minBuckets': 'Distinct visitors that must have seen errors. Default 3.',
  'flags.*.guard.errors.statuses':
    'What counts as an error: `5xx`, `4xx`, single statuses. They replace the default `["5xx"]`. Fallback and circuit breaker go by 5xx in any case.',
  'flags.*.guard.clientErrors':
    'Compares answers that turn visitors away: 4xx, and redirects to the page itself. On wherever errors are compared; `false` switches it off.',
  'flags.*.guard.clientErrors.rho':
    'The canary may turn away this many times as many visitors as control. Default 1.5.',
  'flags.*.guard.clientErrors.delta': '… plus this rate. Default 0.01.',
  'flags.*.guard.clientErrors.action':
    '`freeze`: hold the stage and notify; `rollback`: close the flag. Default `freeze`. A canary that turns away more than half is rolled back in any case.',
  'flags.*.guard.grpc':
    'Which values of the header `grpc-status` are errors in an answer with status 200. `false`: none.',
  'flags.*.guard.grpc.statuses': 'Default: 2, 4, 8, 13, 14, 15 (what a server is to blame for).',
  'flags.*.guard.latency': 'Compares latencies of canary and control. On in an empty guard.',
  'flags.*.guard.latency.rho': 'The canary may be slow this many times as often as control. Default 1.1.',
  'flags.*.guard.latency.delta': '… plus this rate. Default 0.0001.',
  'flags.*.guard.latency.marginBuckets':
    'Slow starts this many steps of 9 % above the percentile of control. Default 1.',
  'flags.*.guard.latency.deadlineMs':
    'A request without a response counts as slow once this time passes; raised above `ceilings.p95Ms` and `thresholds.slow.baselineMs` where those are higher. Default 5000.',
  'flags.*.guard.latency.minSlow': 'Slow canary requests before latency can roll back. Default 5.',
  'flags.*.guard.latency.warmUp':
    'For this long after the start of a stage, latency rolls back only if it is over three times that of control: new machines are slow at first. Default "2m"; "0s" compares at once.',
  'flags.*.guard.latency.quantiles':
    'The quantiles of control above which a request counts as slow: some of 0.5, 0.9, 0.95 and 0.99. Default all.',
  'flags.*.guard.latency.fewMachines':
    'True when the canary runs on few machines, so that one stall weighs less.',
  'flags.*.guard.advance':
    'What lets a stage advance: by default, that the canary is shown to be not worse. `time`: the bake time alone, as long as nothing speaks against the canary; without it, a guard that compares nothing holds every stage.',
  'flags.*.guard.advance.beta': 'Probability that a canary exactly at the limit advances. Default 0.05.',
  'flags.*.guard.advance.rho': 'The limit: this many times the rate of control. Default 1.5.',
  'flags.*.guard.advance.delta':
    '… plus this rate. Default: 0.005 where the smaller arm has 1 %, 0.002 at 5 %, 0.001 at 25 %, 0.0005 at 50 %.',
  'flags.*.guard.advance.marginBuckets':
    'Slow starts this many steps of 9 % above the percentile of control. Default 3.',
  'flags.*.guard.traffic':
    '`maxDropPercent`: how far completed journeys of the canary may fall below those of control; without a split, below those of the same hours of the weeks before.',
  'flags.*.guard.metrics':
    'How far metrics of the canary may fall behind control; without a split, how far they may fall per journey below the same hours of the weeks before. They come on top of the other tests, and switch none off.',
  'flags.*.guard.metrics.*.maxDropPercent':
    'For a metric of which higher is better: how far it may fall below control, in percent.',
  'flags.*.guard.metrics.*.maxRisePercent':
    'For a metric of which lower is better: how far it may rise above control, in percent.',
  'flags.*.guard.metrics.*.action':
    'What happens beyond the limit: `rollback`, `freeze` (hold the stage and notify), or `signal` (notify). Default `rollback`.',
  'flags.*.guard.ceilings': 'Absolute limits of the canary.',
  'flags.*.guard.ceilings.errorRate':
    'Error rate of the canary above which the flag rolls back, such as 0.2.',
  'flags.*.guard.ceilings.p95Ms':
    '95th percentile of the canary, in milliseconds, above which the flag rolls back.',
  'flags.*.guard.ceilings.minRequests': 'Canary requests before a ceiling applies. Default 50.',
  'flags.*.guard.thresholds': 'Plain counts, without statistics.',
  'flags.*.guard.thresholds.errors':
    'The flag rolls back above this many errors, counted over all visitors who are served it.',
  'flags.*.guard.thresholds.slow':
    'The flag rolls back when more than `count` requests or reported durations exceed `baselineMs`.',
  'flags.*.private': 'True: hidden from flag queries of browsers. Default false.',
  'flags.*.metadata': "Scalar values that flag queries return along with the flag's value.",
  'flags.*.experiment':
    'What the flag is to find out: its variants are compared by metrics, valid at every look.',
  'flags.*.experiment.primary': 'The metric that decides; it gets most of the probability of a false alarm.',
  'flags.*.experiment.metrics': 'Further metrics that are compared. Default: none.',
  'flags.*.experiment.variants':
    'Variants that are compared. Default: all that the rule with stages or a percentage, else the last rule, serves.',
  'flags.*.experiment.control':
    'The variant that the others are compared with. Default: `off` where it takes part, else the first.',
  metrics: 'What visitors do, counted per visitor and variant; at most 20.',
  'metrics.*.type':
    '`conversion`: visitors who did it, however often; `count`: how often; `sum`: what the values add up to. Default `conversion`.',
  'metrics.*.better': 'Whether `higher` or `lower` is better. Default `higher`.',
  'metrics.*.request': 'A request that counts as an event, seen by the gate: the app reports nothing.',
  'metrics.*.request.path': 'Pattern as in routes.',
  'metrics.*.request.host': 'Hosts as in routes. Default: all.',
  'metrics.*.request.method': 'Methods that count. Default: all.',
  'metrics.*.request.status': 'Status of the answer, such as 200, or `2xx`. Default `2xx`.',
  'metrics.*.cap':
    'Of a sum: what one visitor adds at most; a few very large values would hide the rest. Default: learned, what 99.5 % of visitors with a value stay below, fixed before the comparison counts.',
  'metrics.*.window':
    'How long after a visitor\'s exposure events count, such as "7d". Default: as long as the attempt lasts.',
  freezes: 'Periods in which no stage of any flag advances automatically.',
  'freezes.start': 'From this time on no stage advances automatically; guards still roll back.',
  'freezes.end': 'The freeze ends before this time.',
  'freezes.reason': 'Shown during the freeze.',
  publishing: 'Publishing through the admin API.',
  'publishing.confirmAbovePercent':
    'A change that moves a larger share of visitors, or an unknown one, needs confirmation. Default 10; 100: never.',
  governance:
    'Rules for all flags: a document that breaks them is refused, and `sluice check` names the flags.',
  'governance.keys':
    'Pattern (RE2) that the whole key of each flag matches, such as `[a-z]+-[a-z0-9-]+`. Default: any key.',
  'governance.required': 'What each flag must have: `owner`, `expires`, `description`. Default: none.',
  bootstrap: "Embeds the visitor's flags in HTML pages. Default: off.",
  'bootstrap.paths': 'Pages that carry their flags, by patterns as in routes. Default: all.',
  'bootstrap.flags': 'The flags. Default: all that are not private.',
  flagQueries: 'Who may query flags, and how often.',
  'flagQueries.requireToken':
    'True: queries need a token of the admin API (any role), as bearer or X-API-Key. Default false.',
  'flagQueries.allowedOrigins':
    'Other sites whose pages may ask, with cookies. Default: all sites, without cookies.',
  'flagQueries.requestsPerMinute': 'Queries from one address without a token, per isolate. Default 600.',
  notifications: 'Who is told of rollouts, changes of the document, and of what is wrong with the gate.',
  'notifications.webhooks': 'Receivers of messages. Default: none.',
  'notifications.expiryDays':
    'How many days before a flag `expires` its owner is reminded, by the event `expiring`. Default [14, 3].',
  'notifications.webhooks.url': 'URL that messages are posted to.',
  'notifications.webhooks.format':
    '`slack`: the payload that chat tools accept; reasons and names are code in it, so nothing in them is a link or markup. Default `json`.',
  'notifications.webhooks.events': 'What it is told of: see webhooks in the document guide. Default: all.',
  'notifications.webhooks.secretBinding':
    'Worker secret that signs notifications. Default: the key that `sluice key webhook` prints.',
}
