import pg from "pg";

/** Any number; the one process that holds this advisory lock runs the keepers. */
const KEEPER_LOCK = 7_207_929_002;

/** A session of its own that tries to hold the keepers' lock, which the database frees when the session ends. */
export class KeeperLock {
  private readonly databaseUrl: string;
  private client: pg.Client | undefined;

  constructor(databaseUrl: string) {
    this.databaseUrl = databaseUrl;
  }

  /** As far as this process knows. */
  get held(): boolean {
    return this.client !== undefined;
  }

  /** True where this process holds the lock now; a broken session is opened anew. */
  async hold(): Promise<boolean> {
    if (this.client) return true;
    const client = new pg.Client({ connectionString: this.databaseUrl, keepAlive: true });
    const drop = () => {
      if (this.client === client) this.client = undefined;
    };
    client.on("error", drop);
    client.on("end", drop);
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1) AS held", [KEEPER_LOCK]);
    if (!rows[0].held) {
      await client.end();
      return false;
    }
    this.client = client;
    return true;
  }

  async release(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.end();
  }
}
