-- DropIndex
DROP INDEX "WebhookMessage_state_nextAttemptAt_idx";

-- CreateIndex
CREATE INDEX "WebhookMessage_endpointId_state_nextAttemptAt_id_idx" ON "WebhookMessage"("endpointId", "state", "nextAttemptAt", "id");

-- CreateIndex
CREATE INDEX "WebhookMessage_leaseExpiresAt_idx" ON "WebhookMessage"("leaseExpiresAt");
