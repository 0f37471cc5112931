/** Exit codes, for scripts. */
export const EXIT = {
  /** It failed: the job, the server, or a comparison that was asked for. */
  failed: 1,
  /** The command line or its input is wrong. */
  usage: 2,
  cancelled: 3,
  /** Ended by Ctrl-C or another signal, as shells report it. */
  interrupted: 130,
} as const;

/** An error for the person at the terminal: one line that names the field, its value and the remedy. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
