-- CreateIndex
CREATE INDEX "Job_name_idx" ON "Job"("name" text_pattern_ops);
