/** The queues between the server and its workers, on BullMQ: names, entries, connections. */
export * from "./connection.ts";
export * from "./job-consumer.ts";
export * from "./job-queues.ts";
export * from "./names.ts";
