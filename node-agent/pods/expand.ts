/** `$(NAME)` in commands, arguments and values; `$$(NAME)` stays as `$(NAME)`; names that are not known stay as written. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(\$|\(([^)]*)\))/g, (whole, escape: string, name: string | undefined) => {
    if (escape === '$') return '$';
    return variables.get(name ?? '') ?? whole;
  });
}
