/** What the pod network asks of the kernel. */
import type { RouteState, RouteStep, Uplink } from './routes.ts';

export interface IpCommand {
  /** The device that holds `address`; undefined when none does. */
  uplink(address: string): Promise<Uplink | undefined>;
  /** The routes that bear this project's protocol number, and the tunnel with what hangs on it. */
  observe(): Promise<RouteState>;
  /** Carries the steps out in order; rejects with the first error's text. Steps after it may have been carried out. */
  execute(steps: readonly RouteStep[]): Promise<void>;
  /** Adds `address` (as a single one) to a device; done when it is there already. */
  addAddress(address: string, device: string): Promise<void>;
  /** Done when it is not there. */
  removeAddress(address: string, device: string): Promise<void>;
}

/** Kernel settings by their path under /proc/sys, such as `net/ipv4/ip_forward`. */
export interface Sysctls {
  /** undefined when this kernel has no such setting. */
  read(name: string): Promise<string | undefined>;
  write(name: string, value: string): Promise<void>;
}
