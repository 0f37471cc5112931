import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Client } from "minio";
import { freePort } from "./free-port.ts";
import type { Guard } from "./guard.ts";
import { programPath } from "./programs.mjs";
import { logTo, type Server, untilServing } from "./server.ts";

export interface S3Options {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
  bucket: string;
}

export interface RunningSeaweedfs {
  server: Server;
  s3: S3Options;
}

/** Each of its HTTP ports has one for gRPC that far above. */
const GRPC_OFFSET = 10_000;
const BUCKET = "drc";
const REGION = "us-east-1";

/** SeaweedFS as an S3 server, on the port or any free one. */
export async function startSeaweedfs(
  guard: Guard,
  folder: string,
  { accessKey, secretKey }: Pick<S3Options, "accessKey" | "secretKey">,
  port?: number,
): Promise<RunningSeaweedfs> {
  const data = join(folder, "data");
  const logs = join(folder, "logs");
  await mkdir(data, { recursive: true });
  await mkdir(logs, { recursive: true });
  const identities = [
    {
      name: "admin",
      credentials: [{ accessKey, secretKey }],
      actions: ["Admin", "Read", "Write", "List", "Tagging"],
    },
  ];
  const configuration = join(folder, "s3.json");
  await writeFile(configuration, JSON.stringify({ identities }), { mode: 0o600 });
  const ports = new Set<number>(port === undefined ? [] : [port]);
  while (ports.size < 4) ports.add(await freePort(GRPC_OFFSET));
  const [s3Port, master, volume, filer] = ports;
  const args = [
    `-logdir=${logs}`,
    "mini",
    `-dir=${data}`,
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    `-s3.config=${configuration}`,
    `-s3.port=${s3Port}`,
    `-master.port=${master}`,
    `-volume.port=${volume}`,
    `-filer.port=${filer}`,
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-webdav=false",
    "-admin.ui=false",
    "-master.telemetry=false",
  ];
  // A few uploads at once take 1 GB without a limit; near 200 MiB, what it holds at rest, it collects garbage all the time.
  const env = { ...process.env, GOMEMLIMIT: "512MiB", GOGC: "50" };
  const child = guard.start(programPath("seaweedfs"), args, { stopSignal: "TERM", env, cwd: folder });
  const server: Server = { name: "SeaweedFS", child, logFile: join(folder, "seaweedfs.log"), stopSignal: "SIGTERM" };
  logTo(child, server.logFile);
  const s3 = { endpoint: `http://127.0.0.1:${s3Port}`, accessKey, secretKey, region: REGION, bucket: BUCKET };
  await untilServing(server, () => putAndGet(s3));
  return { server, s3 };
}

/** After a restart old objects fail for some seconds though the health page is fine: ready means that both work. */
async function putAndGet({ endpoint, accessKey, secretKey, region, bucket }: S3Options): Promise<void> {
  const { hostname, port } = new URL(endpoint);
  const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region });
  if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket, region);
  await client.putObject(bucket, "checks/start", Buffer.from("ready"));
  const read = await buffer(await client.getObject(bucket, "checks/start"));
  if (read.toString() !== "ready") throw new Error("it gave back other bytes");
}
