import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import { mediaType, negotiate } from '../../../control-plane/server/negotiate.ts';

describe('the form of an answer', () => {
  it('is the object when nothing, JSON or anything is asked for', () => {
    for (const accept of ['', '*/*', 'application/*', 'application/json', 'application/json;charset=utf-8']) {
      assert.equal(negotiate(accept).as, 'object', accept);
    }
  });

  it('is a table for kubectl, which takes JSON as well', () => {
    const accept =
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
    assert.deepEqual(negotiate(accept), { as: 'table', version: 'v1' });
  });

  it('is the object when tables are not offered', () => {
    assert.equal(negotiate('application/json;as=Table;v=v1;g=meta.k8s.io,application/json', ['object']).as, 'object');
  });

  it('is metadata for metadata clients, after protobuf that is not served', () => {
    const accept =
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,' +
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
    assert.deepEqual(negotiate(accept), { as: 'metadata', version: 'v1' });
  });

  it('goes by quality', () => {
    assert.equal(negotiate('application/json;q=0.5,application/json;as=Table;v=v1;g=meta.k8s.io').as, 'table');
  });

  it('refuses what can not be served', () => {
    for (const accept of ['application/vnd.kubernetes.protobuf', 'text/html', 'application/json;q=0']) {
      assert.throws(
        () => negotiate(accept),
        (error) => isStatusError(error, 'NotAcceptable'),
        accept,
      );
    }
  });

  it('reads the type of a body without its parameters', () => {
    assert.equal(mediaType('Application/JSON; charset=utf-8'), 'application/json');
  });
});
