import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { SweepDetailResource } from "@drc/contracts";
import { ConnectionError, type DrcClient, type PolledSweep } from "@drc/sdk";
import type { ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { patiently } from "./follow.ts";
import { exitCodeOf } from "./outcome.ts";
import { type SweepDisplay, sweepDisplay } from "./sweep-display.ts";
import { formatSummary } from "./sweep-table.ts";

const POLL_EVERY_MS = 1_000;

export interface SweepOutput extends ServerOptions {
  json?: true;
  /** File for the summary. */
  csv?: string;
}

/**
 * Follows a sweep to its end and prints what came of it; sets the exit code.
 * @param findClient asked anew while the server is away: it may come back elsewhere.
 */
export async function watchSweep(
  findClient: () => Promise<DrcClient>,
  id: string,
  options: SweepOutput,
  signal?: AbortSignal,
): Promise<void> {
  let client = await findClient();
  const ask = <T>(work: (drc: DrcClient) => Promise<T>): Promise<T> =>
    patiently(async () => {
      try {
        return await work(client);
      } catch (error) {
        if (error instanceof ConnectionError) client = await findClient().catch(() => client);
        throw error;
      }
    }, signal);
  const sweep = await followSweep(
    (etag) => ask((drc) => drc.sweeps.poll(id, etag)),
    sweepDisplay(process.stderr),
    signal,
  );
  const summary = await ask((drc) => drc.sweeps.summary(id));
  if (options.csv !== undefined) await writeFile(options.csv, await ask((drc) => drc.sweeps.summaryCsv(id)));
  if (options.json) process.stdout.write(`${JSON.stringify({ ...sweep, summary })}\n`);
  else process.stdout.write(`\n${formatSummary(summary)}\n\n${formatEnd(sweep, options)}\n`);
  process.exitCode = exitCodeOf(sweep.state);
}

/** Shows all points of a sweep until each job has ended, or until the signal fires: then it throws. */
async function followSweep(
  poll: (etag: string | undefined) => Promise<PolledSweep | null>,
  display: SweepDisplay,
  signal: AbortSignal | undefined,
): Promise<SweepDetailResource> {
  let etag: string | undefined;
  for (;;) {
    // Null where it is as it was.
    const polled = await poll(etag);
    if (polled) {
      display.update(polled.sweep);
      if (polled.sweep.endedAt !== null) return polled.sweep;
      etag = polled.etag;
    }
    await delay(POLL_EVERY_MS, undefined, { signal });
  }
}

/** Its last line names the state. */
function formatEnd({ id, state, pointStates }: SweepDetailResource, server: ServerOptions): string {
  const last = `${id} ${state}.`;
  const { failed, cancelled } = pointStates;
  if (failed + cancelled === 0) return last;
  const named = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} were cancelled`] : []),
  ];
  return `Of the points ${named.join(" and ")}. To run them again: ${commandHint(["retry", id], server)}\n${last}`;
}
