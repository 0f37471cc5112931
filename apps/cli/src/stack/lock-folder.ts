import { withLock } from "@drc/provision";
import { CliError } from "../cli-error.ts";

/** Runs `work` while no other process uses the data folder; refuses at once, naming the other, where one does. */
export function lockFolder<T>(dataFolder: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let refused = false;
    withLock(
      `data folder ${dataFolder}`,
      async () => {
        if (!refused) resolve(await work());
      },
      (pid) => {
        refused = true;
        reject(
          new CliError(`--data-folder: ${dataFolder} is in use by process ${pid}; stop it, or give another folder.`),
        );
      },
    ).catch(reject);
  });
}
