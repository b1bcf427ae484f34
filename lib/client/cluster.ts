/** Where a cluster's API is and how to prove who one is: what a kubeconfig's current context comes down to. */
export interface ClusterAccess {
  /** Such as https://10.0.0.1:6443; a path in it stands before every path. */
  readonly server: string;
  /** The authority's certificate, as PEM; the system's when absent. */
  readonly authority?: string;
  /** What the server's certificate must name, when that is not the host in `server`. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
  /** Both as PEM. */
  readonly client?: { readonly certificate: string; readonly key: string };
  readonly token?: string;
  /** In whose name to ask, for who may do so. */
  readonly impersonate?: Impersonation;
}

export interface Impersonation {
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}
