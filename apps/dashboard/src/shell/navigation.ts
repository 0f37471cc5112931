/** The main pages, in the order of the navigation. */
export const NAVIGATION = [
  { to: "/", label: "Overview" },
  { to: "/jobs", label: "Jobs" },
  { to: "/compressions", label: "Compressions" },
  { to: "/sweeps", label: "Sweeps" },
  { to: "/datasets", label: "Datasets" },
  { to: "/models", label: "Models" },
  { to: "/submit", label: "Submit" },
  { to: "/compare", label: "Compare" },
  { to: "/webhooks", label: "Webhooks" },
  { to: "/keys", label: "Keys" },
] as const;
