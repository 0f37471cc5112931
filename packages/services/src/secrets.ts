import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Passwords of the services that this package runs, made once for a data folder. */
export interface Secrets {
  redisPassword: string;
  postgresPassword: string;
  s3AccessKey: string;
  s3SecretKey: string;
}

export async function secretsOf(dataFolder: string): Promise<Secrets> {
  const file = join(dataFolder, "secrets.json");
  const present = await readFile(file, "utf8").catch(() => undefined);
  if (present !== undefined) return JSON.parse(present) as Secrets;
  const secret = () => randomBytes(24).toString("hex");
  const made: Secrets = {
    redisPassword: secret(),
    postgresPassword: secret(),
    s3AccessKey: randomBytes(10).toString("hex"),
    s3SecretKey: secret(),
  };
  await writeFile(`${file}.part`, JSON.stringify(made), { mode: 0o600 });
  await rename(`${file}.part`, file);
  return made;
}
