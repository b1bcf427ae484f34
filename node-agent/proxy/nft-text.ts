/** nft's own language: transactions as text, and a listed table as state. */
import type { NftStep, TableState } from './port.ts';

export const TABLE_FAMILY = 'ip';

/** Commands that carry out `steps`, in order; neighbouring elements of one set share a command. */
export function renderSteps(table: string, steps: readonly NftStep[]): string[] {
  const commands: string[] = [];
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index];
    if (!step) continue;
    if (step.step !== 'add-element' && step.step !== 'remove-element') {
      commands.push(...renderStep(table, step));
      continue;
    }
    const elements = [renderElement(step)];
    for (let next = steps[index + 1]; next && continues(step, next); next = steps[index + 1]) {
      elements.push(renderElement(next));
      index++;
    }
    const verb = step.step === 'add-element' ? 'add' : 'delete';
    commands.push(`${verb} element ${TABLE_FAMILY} ${table} ${step.set} { ${elements.join(', ')} }`);
  }
  return commands;
}

type ElementStep = Extract<NftStep, { set: string; key: string }>;

function continues(first: ElementStep, next: NftStep): next is ElementStep {
  return next.step === first.step && 'key' in next && next.set === first.set;
}

function renderElement(step: ElementStep): string {
  return step.step === 'add-element' && step.value ? `${step.key} : ${step.value}` : step.key;
}

function renderStep(table: string, step: Exclude<NftStep, ElementStep>): string[] {
  const name = `${TABLE_FAMILY} ${table}`;
  switch (step.step) {
    case 'add-table':
      return [`add table ${name}`];
    case 'remove-table':
      return [`add table ${name}`, `delete table ${name}`];
    case 'add-chain':
      return [`add chain ${name} ${step.chain}${step.hook ? ` { ${step.hook} ; policy accept ; }` : ''}`];
    case 'remove-chain':
      return [`flush chain ${name} ${step.chain}`, `delete chain ${name} ${step.chain}`];
    case 'add-rule':
      return [`add rule ${name} ${step.chain} ${step.rule}`];
    case 'add-set': {
      const kind = step.type.includes(' : ') ? 'map' : 'set';
      return [`add ${kind} ${name} ${step.set} { ${step.type} ; }`];
    }
  }
}

/** A block of addresses as the kernel lists it: a single address has no length. */
export function listedBlock(block: string): string {
  return block.endsWith('/32') ? block.slice(0, -3) : block;
}

interface Listed {
  nftables: {
    chain?: { name: string };
    set?: { name: string; elem?: unknown[] };
    map?: { name: string; elem?: unknown[]; flags?: string[] };
  }[];
}

/** Reads the answer of `nft -j list table`. Throws when it is not that. */
export function parseTable(json: string): TableState {
  const state: TableState = { chains: new Set(), elements: new Map() };
  for (const { chain, set, map } of (JSON.parse(json) as Listed).nftables) {
    if (chain) state.chains.add(chain.name);
    if (set) state.elements.set(set.name, new Map((set.elem ?? []).map((key) => [text(key), ''])));
    if (map && !map.flags?.includes('timeout')) {
      const pairs = (map.elem ?? []) as [unknown, unknown][];
      state.elements.set(map.name, new Map(pairs.map(([key, value]) => [text(key), text(value)])));
    }
  }
  return state;
}

/** A listed key, datum or verdict as it is written in a command. */
function text(listed: unknown): string {
  if (typeof listed !== 'object' || listed === null) return String(listed);
  const { concat, goto, elem, prefix } = listed as {
    concat?: unknown[];
    goto?: { target: string };
    elem?: { val: unknown };
    prefix?: { addr: string; len: number };
  };
  if (concat) return concat.map(text).join(' . ');
  if (goto) return `goto ${goto.target}`;
  if (elem) return text(elem.val);
  if (prefix) return `${prefix.addr}/${prefix.len}`;
  return Object.keys(listed)[0] ?? '';
}
