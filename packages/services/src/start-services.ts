import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Guard } from "./guard.ts";
import { startPostgres } from "./postgres.ts";
import { type S3Options, startSeaweedfs } from "./seaweedfs.ts";
import { secretsOf } from "./secrets.ts";
import { type Server, stopServer } from "./server.ts";
import { startValkey } from "./valkey.ts";

export interface ServicesOptions {
  /** Where the services keep what they hold, and their secrets. One process at a time may use it. */
  dataFolder: string;
  log(line: string): void;
  /** Services that are there already, in the place of those that would be run. */
  given?: { redisUrl?: string; databaseUrl?: string; s3?: S3Options };
}

export interface Services {
  redisUrl: string;
  databaseUrl: string;
  s3: S3Options;
  /** Of the data folder: encrypts what the server keeps secret in the database. */
  secretKey: string;
  /** Starts further programs that end with this process. */
  guard: Guard;
  stop(): Promise<void>;
}

/**
 * Runs Valkey, SeaweedFS and PostgreSQL on free ports of the loopback interface, with secrets of the data folder's own,
 * and waits until each does its work. They end with this process, however it ends.
 */
export async function startServices({ dataFolder, log, given = {} }: ServicesOptions): Promise<Services> {
  await mkdir(dataFolder, { recursive: true });
  const secrets = await secretsOf(dataFolder);
  const guard = new Guard();
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map(stopServer));
    await guard.close();
  };
  const started = <Running extends { server: Server }>(running: Running): Running => {
    servers.push(running.server);
    return running;
  };
  const redis = async () =>
    given.redisUrl ?? started(await startValkey(guard, join(dataFolder, "valkey"), secrets.redisPassword)).redisUrl;
  const database = async () => {
    if (given.databaseUrl !== undefined) return given.databaseUrl;
    const logFile = join(dataFolder, "postgres.log");
    const folder = join(dataFolder, "postgres");
    return started(await startPostgres(guard, folder, logFile, secrets.postgresPassword, log)).databaseUrl;
  };
  const store = async () => {
    if (given.s3) return given.s3;
    const keys = { accessKey: secrets.s3AccessKey, secretKey: secrets.s3SecretKey };
    return started(await startSeaweedfs(guard, join(dataFolder, "seaweedfs"), keys)).s3;
  };
  const starting = [redis(), database(), store()] as const;
  try {
    const [redisUrl, databaseUrl, s3] = await Promise.all(starting);
    return { redisUrl, databaseUrl, s3, secretKey: secrets.secretKey, guard, stop };
  } catch (error) {
    // Nothing may start once the guard is gone.
    await Promise.allSettled(starting);
    await stop();
    throw error;
  }
}
