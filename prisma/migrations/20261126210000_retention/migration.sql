-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "recordsRemovedAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "Job_recordsRemovedAt_endedAt_idx" ON "Job"("recordsRemovedAt", "endedAt");
