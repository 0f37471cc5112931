import type { StageProgress } from "@drc/compression";
import { formatSeconds } from "./numbers.ts";

/**
 * Shows the stages of a computation that runs in this process: on a terminal one line a stage, rewritten in place,
 * elsewhere a line where a stage begins and one where it ends.
 */
export function stepDisplay(stream: NodeJS.WriteStream): (progress: StageProgress) => void {
  let shown: string | undefined;
  return ({ stage, step, of, secondsLeft }) => {
    const isLast = step >= of;
    const time = isLast || secondsLeft === undefined ? "" : `, ${formatSeconds(secondsLeft)} left`;
    const line = `${stage}: ${step} of ${of}${time}`;
    if (stream.isTTY) stream.write(`\r${line}\x1b[K${isLast ? "\n" : ""}`);
    else if (isLast || stage !== shown) stream.write(`${line}\n`);
    shown = stage;
  };
}
