import { CliError, EXIT } from "./cli-error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  /** Fires at the first signal; its reason is the error to end with. */
  stopping: AbortSignal;
  /** Rejects at the first signal with the same error. */
  signalled: Promise<never>;
  release(): void;
}

/**
 * Until it is released, SIGINT, SIGTERM and SIGHUP do not end the process but tell the work that is under way to end;
 * further ones are ignored.
 */
export function interruptible(onStop: () => void = () => {}): Interruption {
  const controller = new AbortController();
  let reject: (error: Error) => void;
  const signalled = new Promise<never>((_resolve, rejected) => {
    reject = rejected;
  });
  // Who awaits it sees it; nobody has to.
  signalled.catch(() => {});
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) return;
    const error = new CliError(`Stopped by ${signal}.`, EXIT.interrupted);
    controller.abort(error);
    onStop();
    reject(error);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    stopping: controller.signal,
    signalled,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
