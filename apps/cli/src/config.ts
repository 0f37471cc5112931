/** What the command line takes from the environment; nothing else reads it. */
import { z } from "zod";

const schema = z.object({
  /** The server to talk to, and the key for it; without them the data folder's connection file is read. */
  DRC_URL: z.url().optional(),
  DRC_API_KEY: z.string().optional(),
  /** In the place of the data folder's own; the API says what it has to be. */
  DRC_SECRET_KEY: z.string().optional(),
  /** Services to use in the place of those that `drc up` runs itself. */
  REDIS_URL: z.url().optional(),
  DATABASE_URL: z.url().optional(),
  S3_ENDPOINT: z.url().optional(),
  S3_ACCESS_KEY: z.string().optional(),
  S3_SECRET_KEY: z.string().optional(),
  S3_REGION: z.string().optional(),
  S3_BUCKET: z.string().optional(),
});

export type CliConfig = z.infer<typeof schema>;

/** Reads the configuration; an error names each variable that is wrong. */
export function readConfig(environment: NodeJS.ProcessEnv): CliConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`The environment is not usable. ${wrong.join("; ")}`);
}
