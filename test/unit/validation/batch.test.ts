import assert from 'node:assert/strict';
import { defaultCronJob, defaultJob } from '../../../api/defaults/batch.ts';
import { parseSchedule } from '../../../api/machinery/cron.ts';
import type { CronJob, Job } from '../../../api/types/batch.v1.ts';
import { validateCronJob, validateCronJobUpdate } from '../../../api/validation/batch/cronjob.ts';
import { validateJob, validateJobUpdate } from '../../../api/validation/batch/job.ts';
import { validateJobStatus } from '../../../api/validation/batch/job-status.ts';
import { checkRules, checkUpdateRules, type Rule } from './rules.ts';

const NEGATIVE = 'must be greater than or equal to 0';
const template = (): object => ({
  metadata: { labels: { app: 'a' } },
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
});
const manual = { manualSelector: true, selector: { matchLabels: { app: 'a' } } };
const good = {
  metadata: { name: 'x', namespace: 'default', uid: 'u' },
  spec: { ...manual, template: template() },
} as unknown as Job;
const indexed = { 'spec.completionMode': 'Indexed', 'spec.completions': 4, 'spec.parallelism': 4 };

describe('validation of jobs', () => {
  it('fills in what was left out', () => {
    const job = { metadata: { name: 'x' }, spec: { template: template() } } as unknown as Job;
    defaultJob(job);
    const { template: _template, ...rest } = job.spec;
    assert.deepEqual(rest, {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
    });
    assert.deepEqual(job.metadata.labels, { app: 'a' });
    const queue = { metadata: {}, spec: { parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: { rules: [] } } };
    defaultJob(queue as unknown as Job);
    assert.equal((queue as unknown as Job).spec.completions, undefined);
    assert.equal((queue as unknown as Job).spec.backoffLimit, 2 ** 31 - 1);
    assert.equal((queue as unknown as Job).spec.podReplacementPolicy, 'Failed');
  });

  it('says which numbers can not be', () => {
    const fields = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'];
    const rules = fields.map((field): Rule => [
      { [`spec.${field}`]: -1 },
      `spec.${field}: Invalid value: -1: ${NEGATIVE}`,
    ]);
    checkRules(good, defaultJob, validateJob, rules);
  });

  it('says what does not go together', () => {
    const spec = (more: object): Record<string, unknown> => ({ ...indexed, ...more });
    checkRules(good, defaultJob, validateJob, [
      [indexed],
      [
        { 'spec.maxFailedIndexes': 1 },
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      ],
      [
        { 'spec.completionMode': 'Other' },
        'spec.completionMode: Unsupported value: "Other": supported values: "NonIndexed", "Indexed"',
      ],
      [
        { 'spec.completionMode': 'Indexed', 'spec.parallelism': 100_001 },
        'spec.completions: Required value: when completion mode is Indexed',
        'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
      ],
      [
        spec({ 'spec.backoffLimitPerIndex': 1, 'spec.maxFailedIndexes': 5 }),
        'spec.maxFailedIndexes: Invalid value: 5: must be less than or equal to completions',
      ],
      [
        spec({ 'spec.backoffLimitPerIndex': 1, 'spec.completions': 100_001, 'spec.parallelism': 10_001 }),
        'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
        'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
      ],
      [
        { 'spec.managedBy': 'nobody' },
        'spec.managedBy: Invalid value: "nobody": must be a domain-prefixed path (such as "acme.io/foo")',
      ],
      [{ 'spec.managedBy': `a.io/${'x'.repeat(60)}` }, 'spec.managedBy: Too long: may not be more than 63 bytes'],
      [
        { 'spec.managedBy': 'a.io/b c' },
        "spec.managedBy: Invalid value: \"b c\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
      ],
      [
        { 'spec.podReplacementPolicy': 'X' },
        'spec.podReplacementPolicy: Unsupported value: "X": supported values: "Failed", "TerminatingOrFailed"',
      ],
      [
        { 'spec.template.spec.restartPolicy': undefined },
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ],
      [
        { 'spec.template.spec.restartPolicy': 'OnFailure', 'spec.podFailurePolicy': { rules: [] } },
        'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
      ],
      [
        { ...indexed, 'metadata.name': 'x'.repeat(62) },
        `metadata.name: Invalid value: "${'x'.repeat(62)}": will not able to create pod with invalid DNS label: ${'x'.repeat(62)}-3`,
      ],
    ]);
  });

  it('reads policies', () => {
    const at = 'spec.podFailurePolicy.rules[0]';
    const fails = (rule: object): Record<string, unknown> => ({ 'spec.podFailurePolicy': { rules: [rule] } });
    const codes = (more: object): Record<string, unknown> =>
      fails({ action: 'Count', onExitCodes: { operator: 'In', values: [1], ...more } });
    const succeeds = (...rules: object[]): Record<string, unknown> => ({ ...indexed, 'spec.successPolicy': { rules } });
    const success = 'spec.successPolicy.rules';
    checkRules(good, defaultJob, validateJob, [
      [codes({})],
      [codes({ values: [0] }), `${at}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`],
      [codes({ values: [] }), `${at}.onExitCodes.values: Invalid value: []: at least one value is required`],
      [codes({ values: [2, 1] }), `${at}.onExitCodes.values: Invalid value: [2,1]: must be ordered`],
      [codes({ values: [1, 1] }), `${at}.onExitCodes.values[1]: Duplicate value: 1`],
      [codes({ operator: '' }), `${at}.onExitCodes.operator: Required value: valid values: ["In" "NotIn"]`],
      [
        codes({ containerName: 'z' }),
        `${at}.onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template`,
      ],
      [
        fails({ action: 'FailIndex', onPodConditions: [{ type: 'DisruptionTarget' }] }),
        `${at}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
      ],
      [
        fails({ action: 'Count' }),
        `${at}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
      ],
      [
        fails({ action: 'Stop', onPodConditions: [{ type: 'a', status: 'Maybe' }] }),
        `${at}.action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
        `${at}.onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
      ],
      [
        { 'spec.successPolicy': { rules: [] } },
        'spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode',
      ],
      [
        succeeds(),
        `${success}: Required value: at least one rules must be specified when the successPolicy is specified`,
      ],
      [succeeds({ succeededIndexes: '0,2-3', succeededCount: 2 })],
      [
        succeeds({}),
        `${success}[0]: Required value: at least one of succeededCount or succeededIndexes must be specified`,
      ],
      [
        succeeds({ succeededIndexes: '2,1' }),
        `${success}[0].succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1`,
      ],
      [
        succeeds({ succeededIndexes: '0-9' }),
        `${success}[0].succeededIndexes: Invalid value: "0-9": error parsing succeededIndexes: too large index: "9"`,
      ],
      [
        succeeds({ succeededIndexes: '0', succeededCount: 2 }),
        `${success}[0].succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)`,
      ],
      [
        succeeds({ succeededCount: 5 }),
        `${success}[0].succeededCount: Invalid value: 5: must be less than or equal to 4 (the number of specified completions)`,
      ],
    ]);
  });

  it('wants the selector to be its own unless it was chosen', () => {
    checkRules(good, defaultJob, validateJob, [
      [
        { 'spec.selector': undefined },
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
      [
        { 'spec.manualSelector': false },
        "spec.template.metadata.labels[controller-uid]: Required value: must be 'u'",
        "spec.template.metadata.labels[job-name]: Required value: must be 'x'",
        "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Required value: must be 'u'",
        "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'x'",
        'spec.selector: Invalid value: {"matchLabels":{"app":"a"}}: `selector` not auto-generated',
      ],
    ]);
  });

  it('keeps what may not change', () => {
    const immutable = 'field is immutable';
    const node = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] };
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: node };
    checkUpdateRules(good, defaultJob, validateJobUpdate, [
      [{ 'spec.parallelism': 3, 'spec.suspend': true, 'spec.backoffLimit': 1 }],
      [{ 'spec.completions': 2 }, `spec.completions: Invalid value: 2: ${immutable}`],
      [{ 'spec.completionMode': 'Indexed' }, `spec.completionMode: Invalid value: "Indexed": ${immutable}`],
      [{ 'spec.managedBy': 'a.io/b' }, `spec.managedBy: Invalid value: "a.io/b": ${immutable}`],
    ]);
    const elastic = { ...good, spec: { ...good.spec, completionMode: 'Indexed', completions: 2, parallelism: 2 } };
    checkUpdateRules(elastic, defaultJob, validateJobUpdate, [
      [{ 'spec.completions': 3, 'spec.parallelism': 3 }],
      [
        { 'spec.completions': 3 },
        'spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism',
      ],
    ]);
    const longest = { ...elastic, metadata: { name: 'x'.repeat(61) } };
    const grown = { 'spec.completions': 11, 'spec.parallelism': 11 };
    checkUpdateRules(longest, defaultJob, validateJobUpdate, [[grown]]);
    const suspended = { ...good, spec: { ...good.spec, suspend: true } };
    checkUpdateRules(suspended, defaultJob, validateJobUpdate, [
      [{ 'spec.template.spec.nodeSelector': { a: 'b' }, 'spec.template.metadata.annotations': { a: 'b' } }],
      [{ 'spec.template.spec.affinity': { nodeAffinity } }],
    ]);
    for (const job of [good, suspended]) {
      const before = structuredClone(job);
      defaultJob(before);
      const next = structuredClone(before);
      next.spec.template.spec.containers[0]!.image = 'j';
      assert.deepEqual(
        validateJobUpdate(next, before).map(({ field }) => field),
        ['spec.template'],
      );
    }
  });
});

describe('validation of what a job says of itself', () => {
  const time = '2026-01-01T00:00:00Z';
  const later = '2026-01-01T00:01:00Z';
  const is = (...types: string[]): object[] => types.map((type) => ({ type, status: 'True' }));
  const running = { ...good, status: { startTime: time, active: 1, failed: 1, succeeded: 0 } } as unknown as Job;
  const conditions = 'status.conditions: Invalid value';
  const complete = is('SuccessCriteriaMet', 'Complete');

  it('lets it end well and badly', () => {
    checkUpdateRules(running, defaultJob, validateJobStatus, [
      [{ 'status.conditions': complete, 'status.completionTime': later, 'status.active': 0, 'status.succeeded': 1 }],
      [{ 'status.conditions': is('FailureTarget', 'Failed'), 'status.active': 0, 'status.failed': 2 }],
    ]);
  });

  it('refuses what can not be', () => {
    checkUpdateRules(running, defaultJob, validateJobStatus, [
      [{ 'status.active': -1 }, `status.active: Invalid value: -1: ${NEGATIVE}`],
      [{ 'status.failed': 0 }, 'status.failed: Invalid value: 0: cannot decrease the failed counter'],
      [{ 'status.ready': 2 }, 'status.ready: Invalid value: 2: cannot set more ready pods than active'],
      [
        { 'status.completionTime': later },
        `status.completionTime: Invalid value: "${later}": cannot set completionTime when there is no Complete=True condition`,
      ],
      [
        { 'status.conditions': complete, 'status.active': 0 },
        'status.completionTime: Required value: completionTime is required for Complete jobs',
      ],
      [
        { 'status.conditions': is('Complete'), 'status.completionTime': later, 'status.active': 0 },
        `${conditions}: cannot set Complete=True condition without the SuccessCriteriaMet=true condition`,
      ],
      [
        { 'status.conditions': is('Failed'), 'status.active': 0 },
        `${conditions}: cannot set Failed=True condition without the FailureTarget=true condition`,
      ],
      [
        { 'status.conditions': is('FailureTarget', 'Failed') },
        'status.active: Invalid value: 1: active>0 is invalid for finished job',
      ],
      [
        { 'status.conditions': is('SuccessCriteriaMet', 'FailureTarget') },
        `${conditions}: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions`,
      ],
      [
        { 'status.startTime': later },
        'status.startTime: Required value: startTime cannot be removed for unsuspended job',
      ],
      [
        { 'status.uncountedTerminatedPods': { succeeded: ['a', ''], failed: ['a'] } },
        'status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
        'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
      ],
      [
        { 'status.completedIndexes': '0' },
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
      ],
      [
        { 'status.failedIndexes': '0' },
        'status.failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ],
    ]);
  });

  it('keeps an end, and indexes apart', () => {
    const ended = {
      ...good,
      status: { startTime: time, completionTime: later, conditions: complete },
    } as unknown as Job;
    checkUpdateRules(ended, defaultJob, validateJobStatus, [
      [
        { 'status.completionTime': '2026-01-01T00:02:00Z' },
        'status.completionTime: Invalid value: "2026-01-01T00:02:00Z": field is immutable',
      ],
      [
        { 'status.conditions': is('SuccessCriteriaMet'), 'status.completionTime': undefined },
        `${conditions}: cannot disable the terminal Complete=True condition`,
      ],
    ]);
    const spec = { ...good.spec, completionMode: 'Indexed', completions: 4, backoffLimitPerIndex: 1 };
    checkUpdateRules({ ...running, spec }, defaultJob, validateJobStatus, [
      [{ 'status.completedIndexes': '0-1', 'status.failedIndexes': '3' }],
      [
        { 'status.completedIndexes': '0-2', 'status.failedIndexes': '2-3' },
        'status.failedIndexes: Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2',
      ],
      [
        { 'status.completedIndexes': 'x' },
        'status.completedIndexes: Invalid value: "x": error parsing completedIndexes: cannot convert string to integer for index: "x"',
      ],
    ]);
  });
});

describe('validation of cron jobs', () => {
  const cron = {
    metadata: { name: 'x', namespace: 'default' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: template() } } },
  } as unknown as CronJob;

  it('fills in what was left out', () => {
    const object = structuredClone(cron);
    defaultCronJob(object);
    const { schedule: _schedule, jobTemplate, ...rest } = object.spec;
    assert.deepEqual(rest, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    assert.deepEqual(Object.keys(jobTemplate.spec), ['template']);
  });

  it('says what is wrong', () => {
    const zone = (timeZone: string, why: string): Rule => [
      { 'spec.timeZone': timeZone },
      `spec.timeZone: Invalid value: ${JSON.stringify(timeZone)}: ${why}`,
    ];
    checkRules(cron, defaultCronJob, validateCronJob, [
      [{ 'spec.schedule': '' }, 'spec.schedule: Required value'],
      [
        { 'spec.schedule': '* * *' },
        'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
      ],
      [
        { 'spec.schedule': 'TZ=UTC 0 * * * *' },
        'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
      [{ 'spec.timeZone': 'Europe/Rome' }],
      zone('', 'timeZone must be nil or non-empty string'),
      zone('Local', 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
      zone('Mars/Base', 'unknown time zone Mars/Base'),
      zone('../etc', 'unknown time zone ../etc'),
      [
        { 'spec.concurrencyPolicy': 'X' },
        'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"',
      ],
      [{ 'spec.startingDeadlineSeconds': -1 }, `spec.startingDeadlineSeconds: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.failedJobsHistoryLimit': -1 }, `spec.failedJobsHistoryLimit: Invalid value: -1: ${NEGATIVE}`],
      [
        { 'metadata.name': 'x'.repeat(53) },
        `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`,
      ],
      [
        { 'spec.jobTemplate.spec.selector': { matchLabels: { a: 'b' } }, 'spec.jobTemplate.spec.manualSelector': true },
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
      [
        { 'spec.jobTemplate.spec.template.spec.restartPolicy': 'Always' },
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ],
    ]);
    checkUpdateRules(cron, defaultCronJob, validateCronJobUpdate, [[{ 'spec.schedule': '@daily' }]]);
  });
});

describe('schedules', () => {
  it('become times', () => {
    assert.deepEqual(parseSchedule('*/20 8-10 1,15 jan-mar ?'), {
      kind: 'calendar',
      minutes: [0, 20, 40],
      hours: [8, 9, 10],
      daysOfMonth: [1, 15],
      months: [1, 2, 3],
      daysOfWeek: [0, 1, 2, 3, 4, 5, 6],
      anyDayOfMonth: false,
      anyDayOfWeek: true,
    });
    const weekly = parseSchedule('@weekly');
    assert.ok(weekly.kind === 'calendar' && weekly.daysOfWeek.join() === '0' && weekly.anyDayOfMonth);
    assert.deepEqual(parseSchedule('@every 1h30m'), { kind: 'interval', seconds: 5400 });
    const stepped = parseSchedule('50/5 * * * MON');
    assert.ok(stepped.kind === 'calendar' && stepped.minutes.join() === '50,55' && stepped.daysOfWeek.join() === '1');
  });

  it('are refused in the words that users know', () => {
    const cases: [string, string][] = [
      ['', 'empty spec string'],
      ['@sometimes', 'unrecognized descriptor: @sometimes'],
      ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
      ['60 * * * *', 'end of range (60) above maximum (59): 60'],
      ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
      ['9-5 * * * *', 'beginning of range (9) beyond end of range (5): 9-5'],
      ['*/0 * * * *', 'step of range should be a positive number: */0'],
      ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
      ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
      ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
      ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ];
    for (const [text, message] of cases) assert.throws(() => parseSchedule(text), { message });
  });
});
