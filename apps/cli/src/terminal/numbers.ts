/** Numbers as people read them. */

/** 4804065 as "4,804,065". */
export function groupDigits(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** With a decimal prefix, three significant digits: 109920000000 as "110 G". */
export function withPrefix(value: number): string {
  const prefixes = ["", " K", " M", " G", " T"];
  let scaled = value;
  let i = 0;
  for (; scaled >= 999.5 && i < prefixes.length - 1; i++) scaled /= 1000;
  return `${i === 0 ? Math.round(scaled) : Number(scaled.toPrecision(3))}${prefixes[i]}`;
}

/** 941056 as "919 KiB". */
export function formatBytes(sizeBytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = sizeBytes;
  let i = 0;
  for (; scaled >= 1023.5 && i < units.length - 1; i++) scaled /= 1024;
  return `${i === 0 || scaled >= 99.5 ? Math.round(scaled) : Number(scaled.toPrecision(3))} ${units[i]}`;
}

/** 3725 as "1 h 02 min", 65 as "1 min 05 s", 4.2 as "4 s". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${whole} s`;
}
