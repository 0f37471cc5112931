-- Jobs by their end, of all states and of one. A job that has not ended costs nothing in them. (Prisma's schema cannot say it.)
CREATE INDEX "Job_ended_idx" ON "Job"("endedAt", "id") WHERE "endedAt" IS NOT NULL;
CREATE INDEX "Job_state_ended_idx" ON "Job"("state", "endedAt", "id") WHERE "endedAt" IS NOT NULL;
