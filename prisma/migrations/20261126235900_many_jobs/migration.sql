-- DropIndex
DROP INDEX "Job_state_runAfter_idx";

-- DropIndex
DROP INDEX "Job_labels_idx";

-- CreateIndex
CREATE INDEX "DatasetFile_sha256_idx" ON "DatasetFile"("sha256");

-- CreateIndex
CREATE INDEX "Model_sha256_idx" ON "Model"("sha256");

-- CreateIndex
CREATE INDEX "Job_state_createdAt_id_idx" ON "Job"("state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Job_kind_createdAt_id_idx" ON "Job"("kind", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Job_kind_deviceClass_state_endedAt_idx" ON "Job"("kind", "deviceClass", "state", "endedAt");

-- CreateIndex
CREATE INDEX "Artifact_sha256_idx" ON "Artifact"("sha256");

-- CreateIndex
CREATE INDEX "WebhookMessage_state_createdAt_idx" ON "WebhookMessage"("state", "createdAt");

-- CreateIndex
CREATE INDEX "WebhookMessage_createdAt_idx" ON "WebhookMessage"("createdAt");

-- CreateTable
CREATE TABLE "JobLabel" (
    "label" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "jobId" TEXT NOT NULL,

    CONSTRAINT "JobLabel_pkey" PRIMARY KEY ("label","createdAt","jobId")
);

-- CreateIndex
CREATE INDEX "JobLabel_jobId_idx" ON "JobLabel"("jobId");

-- AddForeignKey
ALTER TABLE "JobLabel" ADD CONSTRAINT "JobLabel_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "JobLabel" ("label", "createdAt", "jobId")
SELECT DISTINCT label, "createdAt", id FROM "Job", unnest(labels) AS label;

CREATE FUNCTION "list_job_labels"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM "JobLabel" WHERE "jobId" = NEW.id;
  END IF;
  INSERT INTO "JobLabel" ("label", "createdAt", "jobId")
  SELECT DISTINCT label, NEW."createdAt", NEW.id FROM unnest(NEW.labels) AS label;
  RETURN NULL;
END $$;

CREATE TRIGGER "Job_labels_inserted" AFTER INSERT ON "Job"
  FOR EACH ROW WHEN (cardinality(NEW.labels) > 0) EXECUTE FUNCTION "list_job_labels"();

CREATE TRIGGER "Job_labels_updated" AFTER UPDATE OF labels ON "Job"
  FOR EACH ROW WHEN (OLD.labels IS DISTINCT FROM NEW.labels) EXECUTE FUNCTION "list_job_labels"();
