import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { SweepDetailResource } from "@drc/contracts";
import { ConnectionError, type DrcClient, type PolledSweep } from "@drc/sdk";
import type { ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { belowBicubicNote } from "./below-bicubic.ts";
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
    `${id} is paused: it does not go on until ${commandHint(["resume", id], options)}`,
    signal,
  );
  const summary = await ask((drc) => drc.sweeps.summary(id));
  if (options.csv !== undefined) await writeFile(options.csv, await ask((drc) => drc.sweeps.summaryCsv(id)));
  if (options.json) process.stdout.write(`${JSON.stringify({ ...sweep, summary })}\n`);
  else
    process.stdout.write(
      `\n${[formatSummary(summary), ...qualityNote(sweep), formatEnd(sweep, options)].join("\n\n")}\n`,
    );
  process.exitCode = exitCodeOf(sweep.state);
}

/**
 * Shows all points of a sweep until each job has ended, or until the signal fires: then it throws. A sweep that is paused
 * would be followed in silence: `pausedNote` is shown.
 */
async function followSweep(
  poll: (etag: string | undefined) => Promise<PolledSweep | null>,
  display: SweepDisplay,
  pausedNote: string,
  signal: AbortSignal | undefined,
): Promise<SweepDetailResource> {
  let etag: string | undefined;
  let paused = false;
  for (;;) {
    // Null where it is as it was.
    const polled = await poll(etag);
    if (polled) {
      display.update(polled.sweep);
      const nowPaused = polled.sweep.state === "paused";
      if (nowPaused && !paused) display.note(pausedNote);
      paused = nowPaused;
      if (polled.sweep.endedAt !== null) return polled.sweep;
      etag = polled.etag;
    }
    await delay(POLL_EVERY_MS, undefined, { signal });
  }
}

function qualityNote({ bicubic, original, points }: SweepDetailResource): string[] {
  const networks = [original.quality?.psnr, ...points.map(({ quality }) => quality.compressed?.psnr)];
  const trainedHere = points.some(({ stages }) => stages.train !== undefined);
  return belowBicubicNote(bicubic?.psnr, networks, trainedHere);
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
