-- CreateIndex
CREATE INDEX "DatasetVersion_files_idx" ON "DatasetVersion" USING GIN ("files" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "DatasetVersion_images_idx" ON "DatasetVersion" USING GIN ("images" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "Checkpoint_files_idx" ON "Checkpoint" USING GIN ("files" jsonb_path_ops);
