import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Secrets of a data folder: passwords of the services that this package runs, and the key of the server's own secrets. */
export interface Secrets {
  redisPassword: string;
  postgresPassword: string;
  s3AccessKey: string;
  s3SecretKey: string;
  /** 64 hexadecimal digits. What is encrypted with it in the database is lost with it. */
  secretKey: string;
}

/** The secrets of a data folder, made once; one that a folder of an older version lacks is added. */
export async function secretsOf(dataFolder: string): Promise<Secrets> {
  const file = join(dataFolder, "secrets.json");
  const text = await readFile(file, "utf8").catch(() => "{}");
  const present = JSON.parse(text) as Partial<Secrets>;
  const secret = () => randomBytes(24).toString("hex");
  const secrets: Secrets = {
    redisPassword: secret(),
    postgresPassword: secret(),
    s3AccessKey: randomBytes(10).toString("hex"),
    s3SecretKey: secret(),
    secretKey: randomBytes(32).toString("hex"),
    ...present,
  };
  if (Object.keys(present).length === Object.keys(secrets).length) return secrets;
  await writeFile(`${file}.part`, JSON.stringify(secrets), { mode: 0o600 });
  await rename(`${file}.part`, file);
  return secrets;
}
