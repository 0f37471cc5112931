/** Numbers and times as the pages write them. Units are named; a missing value is a dash. */

const MISSING = "–";
const counts = new Intl.NumberFormat("en");

/** 1,234,567 */
export function count(value: number | null | undefined): string {
  return value == null ? MISSING : counts.format(value);
}

/** 1 row, 2 rows: words whose plural ends in s. */
export function counted(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** Three digits and a prefix: 1.23 M, 45.6 G. */
export function short(value: number | null | undefined): string {
  if (value == null) return MISSING;
  for (const [factor, prefix] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (Math.abs(value) >= factor) return `${threeDigits(value / factor)} ${prefix}`;
  }
  return threeDigits(value);
}

function threeDigits(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** 12.3 MB, of a thousand thousands. */
export function bytes(value: number | null | undefined): string {
  if (value == null) return MISSING;
  return value < 1000 ? `${value} B` : `${short(value)}B`;
}

/** PSNR in dB, with the two decimals that papers give. */
export function decibels(value: number | null | undefined): string {
  return value == null ? MISSING : `${value.toFixed(2)} dB`;
}

/** A share as percent: 0.5 is 50.0 %. */
export function percent(share: number | null | undefined, decimals = 1): string {
  return share == null ? MISSING : `${(share * 100).toFixed(decimals)} %`;
}

/** 4.56 ms, 45.6 ms, 456 ms: of a latency. */
export function milliseconds(value: number | null | undefined): string {
  if (value == null) return MISSING;
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

/** 45 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return MISSING;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** 14:03:22 */
export function timeOfDay(at: number | string): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** The time of day; of another day than today, with the date. */
export function moment(at: number | string): string {
  return new Date(at).toDateString() === new Date().toDateString() ? timeOfDay(at) : dateTime(at);
}

/** 2026-11-26 14:03:22, in the reader's own time. */
export function dateTime(at: number | string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${timeOfDay(at)}`;
}
