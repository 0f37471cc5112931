-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "resumeWanted" BOOLEAN NOT NULL DEFAULT false;
