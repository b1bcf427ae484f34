import assert from 'node:assert/strict';
import { AuditPolicy } from '../../../control-plane/audit/policy.ts';
import type { User } from '../../../control-plane/user.ts';
import { parseRequest } from '../../../control-plane/http/request-info.ts';

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
const ANNA: User = { name: 'anna', groups: ['dev', 'system:authenticated'] };

function levelOf(rules: string, method: string, url: string, user: User | undefined = ANNA): string {
  return new AuditPolicy(`${HEAD}rules:\n${rules}`).judge(user, parseRequest(method, url)).level;
}

describe('the audit policy', () => {
  const NS = '/api/v1/namespaces/default';
  const fitting: [rule: string, method: string, url: string, fits: boolean][] = [
    ['- level: Metadata', 'GET', '/healthz', true],
    ['- {level: Metadata, users: [anna]}', 'GET', `${NS}/pods`, true],
    ['- {level: Metadata, users: [bert]}', 'GET', `${NS}/pods`, false],
    ['- {level: Metadata, userGroups: [ops, dev]}', 'GET', `${NS}/pods`, true],
    ['- {level: Metadata, verbs: [list]}', 'GET', `${NS}/pods`, true],
    ['- {level: Metadata, verbs: [list]}', 'GET', `${NS}/pods/p`, false],
    ['- {level: Metadata, verbs: [watch]}', 'GET', `${NS}/pods?watch=1`, true],
    ['- {level: Metadata, verbs: [get]}', 'GET', '/version', true],
    ['- {level: Metadata, namespaces: [default]}', 'GET', `${NS}/pods`, true],
    ['- {level: Metadata, namespaces: [other]}', 'GET', `${NS}/pods`, false],
    ['- {level: Metadata, namespaces: [""]}', 'GET', '/api/v1/nodes/n', true],
    ['- {level: Metadata, namespaces: [default]}', 'GET', '/healthz', false],
    ['- {level: Metadata, resources: [{group: ""}]}', 'GET', `${NS}/pods`, true],
    ['- {level: Metadata, resources: [{group: apps}]}', 'GET', `${NS}/pods`, false],
    ['- {level: Metadata, resources: [{resources: [pods]}]}', 'GET', `${NS}/pods/p`, true],
    ['- {level: Metadata, resources: [{resources: [pods]}]}', 'GET', `${NS}/pods/p/log`, false],
    ['- {level: Metadata, resources: [{resources: [pods/log]}]}', 'GET', `${NS}/pods/p/log`, true],
    ['- {level: Metadata, resources: [{resources: ["*/log"]}]}', 'GET', `${NS}/pods/p/log`, true],
    ['- {level: Metadata, resources: [{resources: ["pods/*"]}]}', 'GET', `${NS}/pods/p/log`, true],
    ['- {level: Metadata, resources: [{resources: ["pods/*"]}]}', 'GET', `${NS}/pods/p`, false],
    ['- {level: Metadata, resources: [{resources: ["*"]}]}', 'GET', `${NS}/pods/p/log`, true],
    ['- {level: Metadata, resources: [{resources: [pods], resourceNames: [p]}]}', 'GET', `${NS}/pods/p`, true],
    ['- {level: Metadata, resources: [{resources: [pods], resourceNames: [p]}]}', 'GET', `${NS}/pods/q`, false],
    ['- {level: Metadata, nonResourceURLs: ["/healthz*"]}', 'GET', '/healthz/ping', true],
    ['- {level: Metadata, nonResourceURLs: ["/healthz"]}', 'GET', '/healthz/ping', false],
    ['- {level: Metadata, nonResourceURLs: ["*"]}', 'GET', `${NS}/pods`, false],
  ];
  for (const [rule, method, url, fits] of fitting) {
    it(`${fits ? 'applies' : 'does not apply'} ${rule.slice(2)} to ${method} ${url}`, () => {
      assert.equal(levelOf(rule, method, url), fits ? 'Metadata' : 'None');
    });
  }

  it('goes by the first rule that fits, and writes nothing when none does', () => {
    const rules = '- {level: None, users: [anna]}\n- {level: RequestResponse, verbs: [create]}\n';
    assert.equal(levelOf(rules, 'POST', `${NS}/pods`), 'None');
    assert.equal(levelOf(rules, 'POST', `${NS}/pods`, { name: 'bert', groups: [] }), 'RequestResponse');
    assert.equal(levelOf(rules, 'GET', `${NS}/pods`, { name: 'bert', groups: [] }), 'None');
    assert.equal(levelOf('- level: Metadata', 'GET', `${NS}/pods`, undefined), 'Metadata');
  });

  it('joins the stages to leave out, and lets a rule say otherwise about managed fields', () => {
    const text = `${HEAD}omitStages: [RequestReceived]\nomitManagedFields: true\nrules:\n- {level: Request, omitStages: [Panic], omitManagedFields: false}\n`;
    const judged = new AuditPolicy(text).judge(ANNA, parseRequest('GET', '/api'));
    assert.deepEqual(judged.omitStages, new Set(['RequestReceived', 'Panic']));
    assert.equal(judged.omitManagedFields, false);
  });

  const wrong: [text: string, words: RegExp][] = [
    ['{', /^not YAML/],
    ['kind: Policy', /^apiVersion must be audit.k8s.io\/v1$/],
    [HEAD, /^rules must not be empty$/],
    [
      `${HEAD}rules: [{level: Everything}]`,
      /^rules\[0\].level must be one of None, Metadata, Request, RequestResponse$/,
    ],
    [`${HEAD}rules: [{level: None, users: anna}]`, /^rules\[0\].users must be a list$/],
    [`${HEAD}rules: [{level: None, nonResourceURLs: [healthz]}]`, /healthz must begin with a '\/'/],
    [`${HEAD}rules: [{level: None, nonResourceURLs: [/x], namespaces: [y]}]`, /cannot apply to both/],
    [`${HEAD}rules: [{level: None, resources: [{resourceNames: [x]}]}]`, /requires at least one resource/],
    [`${HEAD}omitStages: [Dinner]\nrules: [{level: None}]`, /Dinner is not a stage/],
  ];
  for (const [text, message] of wrong) {
    it(`says what is wrong: ${message.source}`, () => {
      assert.throws(() => new AuditPolicy(text), { name: 'AuditPolicyError', message });
    });
  }
});
