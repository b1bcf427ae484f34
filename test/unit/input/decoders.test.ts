/** Every decoder of what others send: it reads it or says what is wrong with it, and never stumbles. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseEntries } from '../../../api/apply/entries.ts';
import { Budget } from '../../../api/cel/budget.ts';
import { environment } from '../../../api/cel/environment.ts';
import { CostLimitError, EvaluationError } from '../../../api/cel/errors.ts';
import { compile } from '../../../api/cel/program.ts';
import { DYN } from '../../../api/cel/types.ts';
import { StatusError } from '../../../api/errors.ts';
import { parseFieldSelector } from '../../../api/machinery/field-selectors.ts';
import { parseQuantity, QuantityError } from '../../../api/machinery/quantity.ts';
import { parseLabelSelector, selectorFromObject } from '../../../api/machinery/selectors.ts';
import type { LabelSelector, ManagedFieldsEntry } from '../../../api/types/meta.v1.ts';
import { answerTo, type Review } from '../../../control-plane/admission/webhooks/review.ts';
import { EncryptionConfigError, parseEncryptionConfig } from '../../../control-plane/backend/encryption-config.ts';
import { decodeContinue, encodeContinue } from '../../../control-plane/handlers/continue-token.ts';
import { parseRequest } from '../../../control-plane/http/request-info.ts';
import { WebhookCallError } from '../../../control-plane/webhooks/errors.ts';
import { readCertificateRequest } from '../../../lib/certificate-requests.ts';
import { FrameDecoder, SpdyProtocolError } from '../../../lib/spdy/frames.ts';
import { hostileJson, inherited, KEYS, orderly, RUNS, sentences } from '../../support/hostile.ts';

describe('decoders', () => {
  const before = inherited();
  afterEach(() => assert.deepEqual(inherited(), before, 'the prototype was changed'));

  it('read selectors of labels and fields', () => {
    const text = sentences(
      'a',
      ' in ',
      '(',
      ')',
      'notin',
      ',',
      '!',
      '=',
      '==',
      '!=',
      '>',
      '1',
      'a/b',
      '\\',
      '__proto__',
    );
    fc.assert(
      fc.property(text, (given) => {
        orderly(() => parseLabelSelector(given), StatusError, Error)?.matches(JSON.parse('{"__proto__":"a","b":"c"}'));
        orderly(() => parseFieldSelector(given), StatusError, Error);
      }),
      RUNS,
    );
    assert.ok(!parseLabelSelector('constructor').matches({}));
  });

  it('match by selectors that are objects', () => {
    const keys = fc.constantFrom(...KEYS);
    const selector = fc.record({
      matchLabels: fc.dictionary(keys, fc.string({ maxLength: 3 })),
      matchExpressions: fc.array(
        fc.record({
          key: keys,
          operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
          values: fc.array(fc.string()),
        }),
      ),
    });
    fc.assert(
      fc.property(selector, (given) => {
        assert.equal(
          typeof orderly(() => selectorFromObject(given as LabelSelector).matches({}), Error) !== 'object',
          true,
        );
      }),
      RUNS,
    );
  });

  it('read where a list goes on, and nothing that was made elsewhere', () => {
    const token = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    fc.assert(
      fc.property(token, (given) => void orderly(() => decodeContinue(given), StatusError)),
      RUNS,
    );
    assert.deepEqual(decodeContinue(encodeContinue({ revision: 5, after: 'a/b' })), { revision: 5, after: 'a/b' });
  });

  it('read who owns which fields', () => {
    const entry = fc.record({
      manager: fc.constantFrom(...KEYS),
      operation: fc.constantFrom('Apply', 'Update', 'x'),
      apiVersion: fc.constant('v1'),
      fieldsType: fc.constant('FieldsV1'),
      fieldsV1: hostileJson('f:a', 'v:1', 'i:0', 'k:{', 'k:{"a":1}', 'x:y'),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 3 }), (given) => void parseEntries(given as ManagedFieldsEntry[])),
      RUNS,
    );
    let deep: object = {};
    for (let depth = 0; depth < 50_000; depth++) deep = { 'f:a': deep };
    const entries = [{ manager: 'm', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: deep }];
    assert.equal(parseEntries(entries as ManagedFieldsEntry[]), undefined);
  });

  it('compile expressions and evaluate them within their budget', () => {
    const env = environment({ self: DYN });
    const text = sentences(
      'self',
      '.a',
      '[0]',
      '(',
      ')',
      '+',
      '*',
      '1',
      '"x"',
      '.map(e, ',
      '.all(e, ',
      'e',
      '&&',
      '?',
      ':',
      '[',
      ']',
      ',',
      '{',
      '}',
      '.matches("a+")',
      '.__proto__',
      '.constructor',
      'has(',
      '!',
      '-',
      ' in ',
    );
    const evaluate = (given: string): void => {
      const compiled = compile(given, env);
      if (!compiled.ok) return;
      const bindings = { self: { a: [1, 2, 3] } };
      orderly(() => compiled.program.evaluate(bindings, new Budget()), EvaluationError, CostLimitError);
    };
    fc.assert(fc.property(text, evaluate), RUNS);
    for (const [piece, end] of [
      ['(', ')'],
      ['[', ']'],
      ['!', 'true'],
      ['-', '1'],
      ['self.', 'a'],
      ['{1:', '}'],
      ['1+', '1'],
    ]) {
      evaluate((piece ?? '').repeat(20_000) + (end ?? ''));
    }
  });

  it('read answers of webhooks', () => {
    const review: Review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'u' } as never,
    };
    const response = fc
      .dictionary(
        fc.constantFrom('allowed', 'status', 'patch', 'patchType', 'warnings', 'auditAnnotations', '__proto__'),
        fc.oneof(
          hostileJson('code', 'reason', 'message'),
          fc.constant('JSONPatch'),
          fc.constant(['a', { toString: 5 }]),
        ),
      )
      .map((fields) => ({ ...fields, uid: 'u' }));
    const answer = fc.oneof(
      response.map((given) => ({ apiVersion: review.apiVersion, kind: review.kind, response: given })),
      hostileJson('response'),
    );
    fc.assert(
      fc.property(answer, fc.boolean(), (given, mutating) => {
        const read = orderly(() => answerTo(review, given, { mutating }), WebhookCallError);
        for (const text of read?.warnings ?? []) assert.equal(typeof text, 'string');
        const { code = 0, message = '' } = read?.status ?? {};
        assert.ok(Number.isInteger(code) && code < 600 && typeof message === 'string');
      }),
      RUNS,
    );
  });

  it('read certificate requests and encryption files', () => {
    const base64 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    const pem = base64.map((body) => `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----`);
    fc.assert(
      fc.property(fc.oneof(pem, fc.string()), (given) => void orderly(() => readCertificateRequest(given), Error)),
      RUNS,
    );
    const config = hostileJson('resources', 'providers', 'aescbc', 'aesgcm', 'keys', 'secret', 'name').map((value) =>
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: value }),
    );
    fc.assert(
      fc.property(fc.oneof(config, sentences('a: ', '*a', '&a ', '- ', '\n', '[', '{')), (given) => {
        orderly(() => parseEncryptionConfig(given), EncryptionConfigError);
      }),
      RUNS,
    );
  });

  it('read paths, queries and quantities', () => {
    const target = sentences(
      '/api',
      '/v1',
      '/apis',
      '/namespaces',
      '/pods',
      '/',
      '..',
      '%2e',
      '%2f',
      '%',
      '%zz',
      '?',
      'watch=1',
      '&',
      '\r\n',
      '//',
      '%00',
      '@',
      ':',
      '#',
      '\\',
    );
    fc.assert(
      fc.property(fc.constantFrom('GET', '__proto__', 'POST'), target, (method, given) => {
        const info = orderly(() => parseRequest(method, given), StatusError);
        for (const part of info?.segments ?? []) assert.ok(part !== '' && part !== '..' && !part.includes('/'));
      }),
      RUNS,
    );
    fc.assert(
      fc.property(
        sentences('1', '.', 'e', '-', 'Ki', 'm', '+', '9'),
        (given) => void orderly(() => parseQuantity(given), QuantityError),
      ),
      RUNS,
    );
  });

  it('read frames of SPDY, in whatever pieces they come', () => {
    const chunk = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(new Uint8Array([0x80, 3, 0, 1, 0, 0, 0, 12])));
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
        const decoder = new FrameDecoder();
        for (const bytes of chunks)
          if (orderly(() => [...decoder.push(Buffer.from(bytes))], SpdyProtocolError) === undefined) return;
      }),
      RUNS,
    );
  });
});
