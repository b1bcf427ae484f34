import assert from 'node:assert/strict';
import { toJson } from '../../../api/cel/adapt.ts';
import { Budget } from '../../../api/cel/budget.ts';
import { environment } from '../../../api/cel/environment.ts';
import { CostLimitError, EvaluationError } from '../../../api/cel/errors.ts';
import { compile, type Bindings } from '../../../api/cel/program.ts';
import { DYN } from '../../../api/cel/types.ts';

const ENV = environment({ self: DYN, x: DYN });

function run(expression: string, bindings: Bindings = {}): unknown {
  const compiled = compile(expression, ENV);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message);
  return toJson(compiled.program.evaluate(bindings, new Budget()));
}

/** Each is true. */
const TRUE = [
  '1 + 2 * 3 == 7',
  '7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1',
  '1.5 + 2.5 == 4.0',
  '-9223372036854775808 < 0',
  '0x1F == 31 && 5u == uint(5)',
  '1 < 1.5 && 2u > 1 && 1u < 1.5',
  'dyn(1) == dyn(1.0) && dyn(1u) == dyn(1)',
  '"a" + "b" == "ab" && b"a" + b"b" == b"ab"',
  'r"\\d" == "\\\\d" && """a"b""" == "a\\"b" && "\\x41\\u00e9\\101" == "AéA"',
  '[1, 2] + [3] == [1, 2, 3]',
  '2 in [1, 2] && "a" in {"a": 1} && !("b" in {"a": 1})',
  '{"a": 1}.a == 1 && {"a": 1}["a"] == 1 && [1, 2][1] == 2',
  'has({"a": 1}.a) && !has({"a": 1}.b)',
  'true || 1 / 0 == 1',
  '1 / 0 == 1 || true',
  '!(false && 1 / 0 == 1) && !(1 / 0 == 1 && false)',
  'true ? true : 1 / 0 == 1',
  '[1, 2, 3].all(e, e > 0) && [1, 2, 3].exists(e, e == 2) && [1, 2, 3].exists_one(e, e == 2)',
  '[0, 1].exists(e, 1 / e == 1) && !([0, 2].all(e, 1 / e == 1))',
  '[1, 2, 3].filter(e, e > 1) == [2, 3] && [1, 2].map(e, e * 2) == [2, 4]',
  '[1, 2, 3].map(e, e > 1, e * 2) == [4, 6]',
  '{"a": 1, "b": 2}.all(k, k in ["a", "b"])',
  '[1, 2].all(i, v, v == i + 1) && {"a": 1}.exists(k, v, k == "a" && v == 1)',
  '[1, 2].transformList(i, v, i * v) == [0, 2]',
  '{"a": 1, "b": 2}.transformMap(k, v, v > 1, v * 10) == {"b": 20}',
  '["a"].transformMapEntry(i, v, {v: i}) == {"a": 0}',
  'size("é€") == 2 && "abc".size() == 3 && size([1]) == 1 && size({}) == 0',
  'string(1) == "1" && string(1.5) == "1.5" && string(true) == "true" && int("12") == 12 && double("1.5") == 1.5',
  'type(1) == int && type("a") == string && type([]) == list && type(null) == null_type',
  'type(duration("1s")) == google.protobuf.Duration',
  '"hello world".contains("lo w") && "hello".startsWith("he") && "hello".endsWith("lo")',
  '"hello".matches("^h.*o$") && !"hello".matches("^x") && matches("ab", "b")',
  '"abc 123 45".find("[0-9]+") == "123" && "abc 123 45".findAll("[0-9]+") == ["123", "45"]',
  '"1 2 3".findAll("[0-9]", 2) == ["1", "2"]',
  '"hello".charAt(1) == "e" && "hello".indexOf("l") == 2 && "hello".lastIndexOf("l") == 3 && "a".indexOf("b") == -1',
  '"a,b,c".split(",") == ["a", "b", "c"] && "a,b,c".split(",", 2) == ["a", "b,c"] && ["a", "b"].join("-") == "a-b"',
  '"hello".substring(1, 3) == "el" && "hello".replace("l", "L", 1) == "heLlo" && " a ".trim() == "a"',
  '"AbC".lowerAscii() == "abc" && "AbC".upperAscii() == "ABC" && strings.quote("a\\"b") == "\\"a\\\\\\"b\\""',
  '"%s is %d (%.2f) %x %%".format([dyn("a"), 7, 1.5, 255]) == "a is 7 (1.50) ff %"',
  '"%s".format([[dyn(1), "a", {"k": true}]]) == "[1, a, {k: true}]"',
  '[1, 2, 3].isSorted() && ![2, 1].isSorted() && [1, 2, 3].sum() == 6 && [1.5, 2.5].sum() == 4.0',
  '[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3 && ["a", "b"].indexOf("b") == 1 && [1, 1].lastIndexOf(1) == 1',
  '[3, 1, 2].sort() == [1, 2, 3] && [1, 1, 2].distinct() == [1, 2] && [1, 2].reverse() == [2, 1]',
  '[[1], [2]].flatten() == [1, 2] && lists.range(3) == [0, 1, 2] && [1, 2, 3].slice(1, 2) == [2]',
  '[{"n": 2}, {"n": 1}].sortBy(e, e.n) == [{"n": 1}, {"n": 2}]',
  'sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])',
  'url("https://example.com:80/a%20b?x=1&x=2").getHost() == "example.com:80"',
  'url("https://[::1]:80/").getHostname() == "::1" && url("https://a:8/p").getPort() == "8"',
  'url("https://a/p?x=1&x=2").getQuery() == {"x": ["1", "2"]} && url("/a").getEscapedPath() == "/a"',
  'isURL("https://a") && !isURL("../a")',
  'quantity("1.5").isGreaterThan(quantity("1400m")) && quantity("1Ki").asInteger() == 1024',
  'quantity("50k").add(quantity("20k")) == quantity("70k") && quantity("1").sub(2) == quantity("-1")',
  'isQuantity("1Gi") && !isQuantity("abc") && quantity("-1").sign() == -1 && !quantity("1.5").isInteger()',
  'ip("127.0.0.1").isLoopback() && ip("::1").family() == 6 && isIP("1.2.3.4") && !isIP("1.2.3") && !isIP("01.2.3.4")',
  'ip.isCanonical("2001:db8::abcd") && !ip.isCanonical("2001:DB8::ABCD") && string(ip("10.0.0.1")) == "10.0.0.1"',
  'cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.0"))',
  'cidr("192.168.1.5/24").masked() == cidr("192.168.1.0/24") && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")',
  'cidr("::1/128").ip() == ip("::1") && cidr("10.0.0.0/8").prefixLength() == 8 && isCIDR("10.0.0.0/8")',
  'format.dns1123Label().validate("my-name") == optional.none() && format.dns1123Label().validate("A").hasValue()',
  'format.named("uuid").hasValue() && !format.named("x").hasValue()',
  'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.0.0-rc.1").compareTo(semver("1.0.0")) == -1',
  'isSemver("v1.0", true) && !isSemver("v1.0") && semver("v01.1", true).minor() == 1',
  'optional.of(1).value() == 1 && optional.none().orValue(3) == 3 && {"a": 1}.?a.orValue(0) == 1',
  '{"a": 1}.?b.orValue(5) == 5 && [1][?3].orValue(9) == 9 && {"a": {"b": 1}}.?a.b.orValue(0) == 1',
  'optional.of(2).optMap(v, v * 2).value() == 4 && [?optional.none(), 1] == [1] && {?"a": optional.of(1)} == {"a": 1}',
  'timestamp("2026-01-02T03:04:05Z").getFullYear() == 2026 && timestamp("2026-01-02T03:04:05Z").getHours("+02:00") == 5',
  'timestamp("2026-01-02T00:00:00Z") - timestamp("2026-01-01T00:00:00Z") == duration("24h")',
  'duration("90m").getHours() == 1 && string(duration("1.5s")) == "1.5s" && duration("1h") > duration("59m")',
  'string(timestamp("2026-01-02T03:04:05.5Z")) == "2026-01-02T03:04:05.5Z"',
];

describe('CEL', () => {
  for (const expression of TRUE) {
    it(expression, () => {
      assert.equal(run(expression), true);
    });
  }

  it('takes whole JSON numbers for ints, others for doubles, and keeps what is null', () => {
    assert.equal(
      run('self.a + 1 == 3 && self.b * 2.0 == 3.0 && self.c == null', { self: { a: 2, b: 1.5, c: null } }),
      true,
    );
  });

  it('knows no prototype', () => {
    assert.equal(run('has(self.constructor) || has(self.__proto__) || "toString" in self', { self: {} }), false);
  });

  it('tells an expression that has no value', () => {
    const cases: [string, string][] = [
      ['self.b == 1', 'no such key: b'],
      ['[1][5] == 1', 'index out of bounds: 5'],
      ['1 / (self.a - 1) == 1', 'division by zero'],
      ['9223372036854775807 + self.a > 0', 'integer overflow'],
      ['dyn("a").isSorted()', 'no such overload: isSorted(string)'],
      ['"a".matches(self.p)', 'error parsing regexp'],
      ['x == 1', 'no such attribute(s): x'],
    ];
    for (const [expression, message] of cases) {
      assert.throws(
        () => run(expression, { self: { a: 1, p: '(' } }),
        (error) => error instanceof EvaluationError && error.message.startsWith(message),
        expression,
      );
    }
  });

  it('stops what costs too much, soon', () => {
    const runaway = [
      'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))',
      'lists.range(2000000000).size() > 0',
      'self.all(a, self.all(b, !a.matches("(x+x+)+y")))',
      'lists.range(100).map(a, self).map(b, b + b).map(b, b + b).flatten().flatten().size() > 0',
    ];
    const self = Array.from({ length: 1000 }, () => 'x'.repeat(1000));
    for (const expression of runaway) {
      const from = performance.now();
      assert.throws(
        () => run(expression, { self }),
        (error) => error instanceof CostLimitError && error.scope === 'call',
        expression,
      );
      assert.ok(performance.now() - from < 5000, expression);
    }
  });

  it('shares a budget between expressions', () => {
    const compiled = compile('self.all(a, a >= 0)', ENV);
    assert.ok(compiled.ok);
    const budget = new Budget(10_000);
    const self = Array.from({ length: 1000 }, (_, index) => index);
    compiled.program.evaluate({ self }, budget);
    assert.throws(
      () => compiled.program.evaluate({ self }, budget) && compiled.program.evaluate({ self }, budget),
      (error) => error instanceof CostLimitError && error.scope === 'budget',
    );
  });
});
