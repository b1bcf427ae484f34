/** Deeper objects are refused: what handles them is recursive. */
export const MAX_DEPTH = 1000;

/** `spec.containers[0].name`: names of fields and keys of maps are text, indices of lists are numbers. */
export function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
