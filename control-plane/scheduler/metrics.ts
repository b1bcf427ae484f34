/** What is counted of scheduling. */
export interface SchedulerMetrics {
  /** `result` is scheduled, unschedulable or error; `seconds` is from the decision to the binding. */
  attempt(result: string, profile: string, seconds: number): void;
  /** A pod has been nominated to a node on which so many others were told to end for it. */
  preemption(victims: number): void;
}
