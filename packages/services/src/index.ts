/**
 * Redis, Postgres and an S3 server that the product runs itself: on loopback, on free ports, with generated secrets.
 * Whatever is started here ends with the process that started it, even when that one is killed.
 */
export { Guard, type GuardedOptions, stopGuarded } from "./guard.ts";
export { startPostgres } from "./postgres.ts";
export { type S3Options, startSeaweedfs } from "./seaweedfs.ts";
export { type Secrets, secretsOf } from "./secrets.ts";
export { type Server, stopServer } from "./server.ts";
export { type Services, type ServicesOptions, startServices } from "./start-services.ts";
export { startValkey } from "./valkey.ts";
