/**
 * The least that a server can do for a submission, as a thread: it reads a request's JSON, inserts one row and answers.
 * Without a framework, keys, checks, events, entries for a queue or a log. It tells its parent where it listens.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { newId } from "@drc/contracts";
import pg from "pg";

export interface BareServerOptions {
  databaseUrl: string;
  connections: number;
  /** A statement whose first value is a new job's identifier, and its other ones. */
  insert: { text: string; values: unknown[] };
}

const { databaseUrl, connections, insert } = workerData as BareServerOptions;
const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
pool.on("error", () => {});

const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part: string) => {
    body += part;
  });
  request.on("end", async () => {
    const id = newId("job");
    const work = JSON.parse(body);
    await pool.query(insert.text, [id, ...insert.values]);
    response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ id, ...work }));
  });
});

server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
