import { Prisma } from "../generated/client.ts";

/** Prisma's codes for a database that cannot be reached, hangs up, or has no connection left. */
const OUTAGE_CODES: readonly string[] = ["P1001", "P1002", "P1008", "P1017", "P2024", "P2028", "P2037"];
/** How the driver's adapter names them; queries in SQL carry only these. */
const OUTAGE_KINDS: readonly string[] = [
  "DatabaseNotReachable",
  "ConnectionClosed",
  "SocketTimeout",
  "TooManyConnections",
];

/** Whether the database could not be asked at all, so that the same request may work later. */
export function isDatabaseOutage(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const adapter = error.meta?.driverAdapterError as { cause?: { kind?: string } } | undefined;
  return OUTAGE_CODES.includes(error.code) || OUTAGE_KINDS.includes(adapter?.cause?.kind ?? "");
}
