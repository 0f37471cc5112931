-- AlterTable
ALTER TABLE "ApiKey" ADD COLUMN     "expiresAt" TIMESTAMPTZ(3),
ADD COLUMN     "hint" TEXT,
ADD COLUMN     "lastUsedAt" TIMESTAMPTZ(3),
ADD COLUMN     "maxQueuedJobs" INTEGER,
ADD COLUMN     "maxRequestsPerMinute" INTEGER,
ADD COLUMN     "maxStoredBytes" BIGINT,
ADD COLUMN     "revokedAt" TIMESTAMPTZ(3),
ADD COLUMN     "scopes" TEXT[];

-- Keys from before there were scopes might do everything.
UPDATE "ApiKey" SET "scopes" = ARRAY['admin'];

-- AlterTable
ALTER TABLE "DatasetFile" ADD COLUMN     "apiKeyId" TEXT;

-- Files from before their uploader was kept count for who made the dataset.
UPDATE "DatasetFile" SET "apiKeyId" = "Dataset"."apiKeyId" FROM "Dataset" WHERE "Dataset"."id" = "DatasetFile"."datasetId";

-- CreateTable
CREATE TABLE "Session" (
    "hash" TEXT NOT NULL,
    "apiKeyId" TEXT NOT NULL,
    "csrfToken" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "Session_apiKeyId_idx" ON "Session"("apiKeyId");

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

-- CreateIndex
CREATE INDEX "DatasetFile_apiKeyId_idx" ON "DatasetFile"("apiKeyId");

-- CreateIndex
CREATE INDEX "Job_apiKeyId_state_idx" ON "Job"("apiKeyId", "state");

-- CreateIndex
CREATE INDEX "Model_apiKeyId_idx" ON "Model"("apiKeyId");

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DatasetFile" ADD CONSTRAINT "DatasetFile_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE SET NULL ON UPDATE CASCADE;
