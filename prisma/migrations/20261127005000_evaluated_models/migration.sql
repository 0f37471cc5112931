-- Which evaluations measured a model; Prisma's schema has no words for such an index.
CREATE INDEX "Job_evaluated_model_idx" ON "Job"(("spec"->'model'), "createdAt") WHERE "kind" = 'evaluate' AND "state" = 'succeeded';
