-- "modelName" is all of the model's name: jobs of a sweep have names of their own, which are no part of it.
UPDATE "Job" SET "modelName" = "name" || ': ' || "modelName"
WHERE "modelName" IS NOT NULL AND "name" IS NOT NULL AND "state" <> 'succeeded';
