/** The node's own resolv.conf: where other names are asked, and what its search list is. */
export interface ResolverConfig {
  servers: string[];
  searches: string[];
}

/** Reads resolv.conf(5); lines that it does not know are skipped, and so is `own`, an address that leads back to us. */
export function parseResolvConf(text: string, own: string): ResolverConfig {
  const config: ResolverConfig = { servers: [], searches: [] };
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] && values[0] !== own) config.servers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain')
      config.searches = values.map((each) => each.toLowerCase().replace(/\.$/, '')).filter((each) => each !== '');
  }
  return config;
}
