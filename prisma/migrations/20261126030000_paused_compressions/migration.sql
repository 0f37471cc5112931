-- AlterTable
ALTER TABLE "Compression" ADD COLUMN     "paused" BOOLEAN NOT NULL DEFAULT false;
