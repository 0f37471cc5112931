import { EXIT } from "../cli-error.ts";

/** The exit code for the state in which a job or compression ended. */
export function exitCodeOf(state: string): number {
  if (state === "succeeded") return 0;
  return state === "cancelled" ? EXIT.cancelled : EXIT.failed;
}
