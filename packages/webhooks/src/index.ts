/**
 * Webhooks by the Standard Webhooks specification: secrets, signatures, which addresses may be called, and the one call.
 * Nothing here knows the database: who calls it decides what is sent, and what becomes of the answer.
 *
 * ```ts
 * const secret = newWebhookSecret();
 * const allowed = new AllowedAddresses("127.0.0.0/8");
 * await sendWebhook({ url: "https://example.org/hook", id: "msg_1", body: Buffer.from("{}"), secrets: [secret] }, { allowed });
 * ```
 */
export * from "./allowed-addresses.ts";
export * from "./retry-schedule.ts";
export * from "./secret-box.ts";
export * from "./send-webhook.ts";
export * from "./signature.ts";
