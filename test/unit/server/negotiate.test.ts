import assert from 'node:assert/strict';
import { isStatusError } from '../../../api/errors.ts';
import {
  ANY_ENCODING,
  errorEncoding,
  mediaType,
  negotiate,
  ONLY_JSON,
  resourceOffer,
  watchOffer,
} from '../../../control-plane/http/negotiate.ts';

const TYPED = resourceOffer(true);
const CUSTOM = resourceOffer(false);
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

describe('the form of an answer', () => {
  it('is the object in JSON when nothing, JSON or anything is asked for', () => {
    for (const accept of ['', '*/*', 'application/*', 'application/json', 'application/json;charset=utf-8']) {
      assert.deepEqual(negotiate(accept, TYPED), { as: 'object', version: 'v1', encoding: 'json' }, accept);
    }
  });

  it('is a message for typed clients, which take JSON where there is none', () => {
    const accept = `${PROTOBUF},application/json`;
    assert.equal(negotiate(accept, TYPED).encoding, 'protobuf');
    assert.equal(negotiate(accept, CUSTOM).encoding, 'json');
    assert.equal(negotiate(accept, watchOffer(true)).encoding, 'protobuf');
  });

  it('is YAML for those who ask for it, but of no watch', () => {
    assert.equal(negotiate('application/yaml', TYPED).encoding, 'yaml');
    assert.throws(
      () => negotiate('application/yaml', watchOffer(true)),
      (error) =>
        isStatusError(error, 'NotAcceptable') &&
        error.message.endsWith(`: application/json;stream=watch, ${PROTOBUF};stream=watch`),
    );
  });

  it('is a table for kubectl, which takes JSON as well', () => {
    const accept = `application/json;${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`;
    assert.deepEqual(negotiate(accept, TYPED), { as: 'table', version: 'v1', encoding: 'json' });
  });

  it('is no table in protobuf', () => {
    assert.throws(
      () => negotiate(`${PROTOBUF};${TABLE}`, TYPED),
      (error) => isStatusError(error, 'NotAcceptable'),
    );
    assert.equal(negotiate(`${PROTOBUF};${TABLE},application/json;${TABLE}`, TYPED).encoding, 'json');
  });

  it('is the object when tables are not offered', () => {
    assert.equal(negotiate(`application/json;${TABLE},application/json`, ANY_ENCODING).as, 'object');
  });

  it('is metadata for metadata clients, as messages even of custom resources', () => {
    const accept = `${PROTOBUF};${METADATA},application/json;${METADATA},application/json`;
    for (const offer of [TYPED, CUSTOM]) {
      assert.deepEqual(negotiate(accept, offer), { as: 'metadata', version: 'v1', encoding: 'protobuf' });
    }
  });

  it('goes by quality, and of equals by what is named', () => {
    assert.equal(negotiate(`application/json;q=0.5,application/json;${TABLE}`, TYPED).as, 'table');
    assert.equal(negotiate(`*/*,${PROTOBUF}`, TYPED).encoding, 'protobuf');
  });

  it('refuses what can not be served', () => {
    const nothing = [PROTOBUF, 'application/cbor', 'text/html', 'application/json;q=0', 'application/json;stream=x'];
    for (const accept of nothing) {
      assert.throws(
        () => negotiate(accept, ONLY_JSON),
        (error) => isStatusError(error, 'NotAcceptable'),
        accept,
      );
    }
  });

  it('of an error is JSON for those who take nothing that is served', () => {
    assert.equal(errorEncoding('text/html'), 'json');
    assert.equal(errorEncoding(`application/json;${TABLE},application/json`), 'json');
    assert.equal(errorEncoding(`${PROTOBUF},application/json`), 'protobuf');
    assert.equal(errorEncoding('application/yaml'), 'yaml');
  });

  it('reads the type of a body without its parameters', () => {
    assert.equal(mediaType('Application/JSON; charset=utf-8'), 'application/json');
  });
});
