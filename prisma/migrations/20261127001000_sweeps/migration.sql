-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "sweepId" TEXT;

-- CreateTable
CREATE TABLE "Sweep" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "labels" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "apiKeyId" TEXT,
    "body" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Sweep_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SweepPoint" (
    "sweepId" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "budget" JSONB NOT NULL,
    "method" TEXT NOT NULL,
    "seed" INTEGER NOT NULL,
    "stages" JSONB NOT NULL,
    "trainingSteps" INTEGER,
    "stopReason" TEXT,

    CONSTRAINT "SweepPoint_pkey" PRIMARY KEY ("sweepId","number")
);

-- CreateIndex
CREATE INDEX "Sweep_createdAt_id_idx" ON "Sweep"("createdAt", "id");

-- CreateIndex
CREATE INDEX "Sweep_state_createdAt_id_idx" ON "Sweep"("state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Sweep_labels_idx" ON "Sweep" USING GIN ("labels");

-- CreateIndex
CREATE INDEX "Job_sweepId_state_idx" ON "Job"("sweepId", "state");

-- AddForeignKey
ALTER TABLE "Job" ADD CONSTRAINT "Job_sweepId_fkey" FOREIGN KEY ("sweepId") REFERENCES "Sweep"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Sweep" ADD CONSTRAINT "Sweep_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SweepPoint" ADD CONSTRAINT "SweepPoint_sweepId_fkey" FOREIGN KEY ("sweepId") REFERENCES "Sweep"("id") ON DELETE CASCADE ON UPDATE CASCADE;
