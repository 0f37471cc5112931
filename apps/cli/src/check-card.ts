import { resolve } from "node:path";
import { CliError, EXIT } from "./cli-error.ts";
import { checkOutputFile } from "./output-file.ts";

/** Refuses a card that could not be written, before anything is. */
export async function checkCard(options: { output: string; card?: string; licence?: string }): Promise<void> {
  const { output, card, licence } = options;
  if (card === undefined) {
    if (licence === undefined) return;
    throw new CliError("--licence: it is written into the card; give --card FILE as well", EXIT.usage);
  }
  if (resolve(card) === resolve(output)) {
    throw new CliError(`--card: ${card} is the output itself; give another file`, EXIT.usage);
  }
  await checkOutputFile(card, "--card");
}
