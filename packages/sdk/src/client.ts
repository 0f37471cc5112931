import { Compressions } from "./compressions.ts";
import { Datasets } from "./datasets.ts";
import { Jobs } from "./jobs.ts";
import { Keys } from "./keys.ts";
import { Models } from "./models.ts";
import { Server } from "./server.ts";
import { Session } from "./session.ts";
import { Sweeps } from "./sweeps.ts";
import { type DrcClientOptions, Transport } from "./transport.ts";
import { Uploads } from "./uploads.ts";
import { Webhooks } from "./webhooks.ts";

/** The server's routes, by what they are about. It keeps no connection and needs no closing. */
export class DrcClient {
  /** The server's address, without a slash at its end. */
  readonly url: string;
  readonly server: Server;
  readonly datasets: Datasets;
  readonly compressions: Compressions;
  readonly sweeps: Sweeps;
  readonly jobs: Jobs;
  readonly models: Models;
  readonly uploads: Uploads;
  readonly webhooks: Webhooks;
  readonly keys: Keys;
  readonly session: Session;

  constructor(options: DrcClientOptions) {
    const transport = new Transport(options);
    this.url = transport.url;
    this.server = new Server(transport);
    this.datasets = new Datasets(transport);
    this.jobs = new Jobs(transport);
    this.compressions = new Compressions(transport, this.jobs);
    this.sweeps = new Sweeps(transport);
    this.models = new Models(transport);
    this.uploads = new Uploads(transport);
    this.webhooks = new Webhooks(transport);
    this.keys = new Keys(transport);
    this.session = new Session(transport);
  }
}
