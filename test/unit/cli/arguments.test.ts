import assert from 'node:assert/strict';
import { parseArguments } from '../../../cli/arguments.ts';
import { UsageError } from '../../../cli/errors.ts';
import { array, durationOr, integer, list, text, textWithBare, toggle } from '../../../cli/flags.ts';

const table = {
  output: text('', { short: 'o' }),
  watch: toggle('', { short: 'w' }),
  stdin: toggle('', { short: 'i' }),
  tty: toggle('', { short: 't' }),
  wait: toggle('', { fallback: true }),
  cascade: textWithBare('background', 'background', ''),
  tail: integer(''),
  timeout: durationOr(0, ''),
  filename: list('', { short: 'f' }),
  fromLiteral: array(''),
};

describe('arguments', () => {
  it('takes a value behind a space, an equals sign, or nothing', () => {
    for (const words of [['-o', 'yaml'], ['-oyaml'], ['-o=yaml'], ['--output', 'yaml'], ['--output=yaml']]) {
      assert.equal(parseArguments(words, table).values['output'], 'yaml', words.join(' '));
    }
  });

  it('takes several switches in one word, the last with a value', () => {
    const { values } = parseArguments(['-itw', '-itojson'], table);
    assert.deepEqual([values['stdin'], values['tty'], values['watch'], values['output']], [true, true, true, 'json']);
  });

  it('gives a switch another value only with an equals sign', () => {
    const { values, args } = parseArguments(['--wait=false', '--watch', 'true'], table);
    assert.deepEqual([values['wait'], values['watch'], args], [false, true, ['true']]);
  });

  it('does not take the next word for a flag that may stand bare', () => {
    const { values, args } = parseArguments(['--cascade', 'pod', '--cascade=orphan'], table);
    assert.deepEqual([values['cascade'], args], ['orphan', ['pod']]);
  });

  it('collects lists, split at commas, and arrays, which are not', () => {
    const { values } = parseArguments(['-f', 'a,b', '-f=c', '--from-literal', 'x=1,2', '--from-literal=y=3'], table);
    assert.deepEqual(values['filename'], ['a', 'b', 'c']);
    assert.deepEqual(values['fromLiteral'], ['x=1,2', 'y=3']);
  });

  it('leaves what follows -- alone', () => {
    const { args, afterDash } = parseArguments(['pod', '--', 'ls', '-l', '--unknown'], table);
    assert.deepEqual([args, afterDash], [['pod'], ['ls', '-l', '--unknown']]);
  });

  it('reads durations as Go writes them', () => {
    assert.equal(parseArguments(['--timeout=1m30s'], table).values['timeout'], 90_000);
  });

  it("words mistakes as kubectl's parser does", () => {
    const said = (...words: string[]): string => {
      try {
        parseArguments(words, table);
      } catch (error) {
        assert.ok(error instanceof UsageError);
        return error.message;
      }
      return '';
    };
    assert.equal(said('--nope'), 'unknown flag: --nope');
    assert.equal(said('-wz'), "unknown shorthand flag: 'z' in -wz");
    assert.equal(said('--output'), 'flag needs an argument: --output');
    assert.equal(said('-o'), "flag needs an argument: 'o' in -o");
    assert.match(said('--tail=x'), /^invalid argument "x" for "--tail" flag: /);
    assert.match(said('-w=maybe'), /^invalid argument "maybe" for "-w, --watch" flag: /);
  });
});
